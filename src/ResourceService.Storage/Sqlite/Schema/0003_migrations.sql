-- Moves of instances. A move has the sequence of its claim on the target; state and type numbers are the ledger's enums.
CREATE TABLE migrations (
    migration_seq INTEGER PRIMARY KEY,
    target_key    INTEGER NOT NULL,
    source_key    INTEGER NOT NULL,
    source_seq    INTEGER NOT NULL,
    type          INTEGER NOT NULL,
    instance_id   TEXT    NOT NULL,
    state         INTEGER NOT NULL,
    lease_end     INTEGER,
    create_time   INTEGER NOT NULL,
    update_time   INTEGER NOT NULL,
    end_time      INTEGER,
    reason        TEXT,
    generation    INTEGER NOT NULL
) STRICT;

-- Few moves are in flight and many have ended: those in flight are found without looking at the others.
CREATE INDEX migrations_in_flight ON migrations (migration_seq) WHERE state IN (1, 2, 3);

-- For changes that a move made: which move, between which nodes, and its state before and after where that changed.
ALTER TABLE events ADD COLUMN migration_seq INTEGER;
ALTER TABLE events ADD COLUMN target_key INTEGER;
ALTER TABLE events ADD COLUMN source_key INTEGER;
ALTER TABLE events ADD COLUMN migration_before INTEGER;
ALTER TABLE events ADD COLUMN migration_after INTEGER;
