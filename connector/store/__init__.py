"""PostgreSQL: one transaction under one row policy; the only home of SQLAlchemy and asyncpg."""
