"""The only way to the database. Imports nothing of ours; `mongo.py` alone imports motor."""
