/** Everything that a session can leave, from where no text shows it. */
export const LEAVE_ALL = `
  CREATE SCHEMA other;
  CREATE FUNCTION leave_all(who text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
    PERFORM set_config('app.tenant', who, false), set_config('search_path', 'other, public', false);
    PERFORM pg_advisory_lock(4711);
    EXECUTE 'CREATE TEMP TABLE IF NOT EXISTS left_over (who text)';
    EXECUTE 'INSERT INTO left_over VALUES ($1)' USING who;
    EXECUTE 'LISTEN news';
    EXECUTE 'SET statement_timeout = 54321';
    RETURN 1;
  END $$;
  CREATE FUNCTION leave_by_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM leave_all(NEW.name); RETURN NEW;
  END $$;
  CREATE TRIGGER leaves BEFORE INSERT ON goods FOR EACH ROW EXECUTE FUNCTION leave_by_trigger();
  CREATE PROCEDURE leave_by_call(who text) LANGUAGE plpgsql AS $$ BEGIN PERFORM leave_all(who); END $$;
  CREATE VIEW leaving AS SELECT leave_all('view') AS n;`;

/** What is seen of it, in one row of counts. */
export const LOOK = `SELECT (coalesce(current_setting('app.tenant', true), '') <> '')::int
    + (current_setting('search_path') LIKE 'other%')::int
    + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())
    + (SELECT count(*) FROM pg_class WHERE relname = 'left_over' AND pg_table_is_visible(oid))
    + (SELECT count(*) FROM pg_listening_channels()) + (SELECT count(*) FROM pg_prepared_statements)
    + (SELECT count(*) FROM pg_cursors WHERE is_holdable)
    + (current_setting('statement_timeout') = '54321ms')::int AS seen`;
