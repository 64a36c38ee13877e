"""Who may come in: people, their passwords, sign-ins and one-time links, and a record of it."""
