"""What hxrules remembers between runs: links, bases, what is known of each record, the journal of runs, and the lock.

`entries` holds the words and is cheap to import; `store` is the door, brings SQLAlchemy, and is imported where a state is
opened. See also: `journal`, `lock`, `advance`, `view`, `dump`, `tables`, `database`.
"""
