"""Views over `records`: one .sql file each, functions.sql for the scalar functions they use."""
