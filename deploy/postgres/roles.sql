-- The two roles of a distributed assistant, in the database that psql is connected to. Needs PostgreSQL 15 and psql 15.
--   OWNER_PASSWORD=… DATABASE_PASSWORD=… psql --dbname=assistant --file=roles.sql
-- assistant_owner owns the tables and changes them: `assistant migrate`, and nothing else, runs as this one.
-- assistant reads and writes rows: schedulers, workers and every other command run as this one.
\set ON_ERROR_STOP on
\getenv owner_password OWNER_PASSWORD
\getenv database_password DATABASE_PASSWORD

CREATE ROLE assistant_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE assistant LOGIN PASSWORD :'database_password';

ALTER DATABASE :"DBNAME" OWNER TO assistant_owner;
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO assistant;
GRANT USAGE ON SCHEMA public TO assistant;

-- For what is there (a database of the earlier scheduler), and for what migrations will add.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO assistant;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO assistant;
ALTER DEFAULT PRIVILEGES FOR ROLE assistant_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO assistant;
ALTER DEFAULT PRIVILEGES FOR ROLE assistant_owner IN SCHEMA public
    GRANT USAGE ON SEQUENCES TO assistant;
