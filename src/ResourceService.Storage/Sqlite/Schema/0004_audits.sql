-- Comparisons of nodes with their hosts' reports; mode numbers are the ledger's enum, drifts are JSON.
CREATE TABLE audits (
    audit_seq           INTEGER PRIMARY KEY,
    node_key            INTEGER NOT NULL,
    mode                INTEGER NOT NULL,
    time                INTEGER NOT NULL,
    observe_time        INTEGER NOT NULL,
    observed_generation INTEGER NOT NULL,
    node_generation     INTEGER NOT NULL,
    actor               TEXT    NOT NULL,
    instance_count      INTEGER NOT NULL,
    drift_count         INTEGER NOT NULL,
    healed_count        INTEGER NOT NULL,
    drifts              TEXT    NOT NULL
) STRICT;

CREATE INDEX audits_by_time ON audits (time);
CREATE INDEX audits_by_node ON audits (node_key, time);

-- The last audit of each node. It stays when the audit itself is no longer kept.
CREATE TABLE node_audits (
    node_key  INTEGER PRIMARY KEY,
    audit_seq INTEGER NOT NULL,
    time      INTEGER NOT NULL
) STRICT;

-- For changes that an audit made: which one, and what a corrected claim held before.
ALTER TABLE events ADD COLUMN audit_seq INTEGER;
ALTER TABLE events ADD COLUMN amounts_before TEXT;
