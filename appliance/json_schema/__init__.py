"""JSON schemas as grammars: every text of the grammar is JSON that the schema accepts.

The reverse need not hold: where a schema allows much (properties in any order, fields that nobody
named, numbers of any length) the grammar asks for one way of it. What cannot be promised is refused
with a sentence, never dropped. Nothing is ever fetched. Pure.
"""
