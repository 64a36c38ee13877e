"""What whoever looks after the box sees and does: models, health, how much is stored. No words of
anybody's.
"""
