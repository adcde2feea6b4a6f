-- Times are milliseconds since 1970-01-01T00:00:00Z. State and kind numbers are the ledger's enums, which only grow.
-- Claims and events are appended by ascending key: a commit writes a few neighbouring pages, however large the store is.

CREATE TABLE nodes (
    node_key      INTEGER PRIMARY KEY,
    node_id       TEXT    NOT NULL UNIQUE,
    spec          TEXT    NOT NULL,
    state         INTEGER NOT NULL,
    state_reason  TEXT    NOT NULL,
    register_time INTEGER NOT NULL
) STRICT;

-- What changes with each claim stays apart from the large, quiet row above. The generation guards against a second writer.
CREATE TABLE node_usage (
    node_key      INTEGER PRIMARY KEY REFERENCES nodes (node_key),
    generation    INTEGER NOT NULL,
    used          TEXT    NOT NULL,
    failed_builds INTEGER NOT NULL,
    update_time   INTEGER NOT NULL
) STRICT;

CREATE TABLE claims (
    claim_seq   INTEGER PRIMARY KEY,
    node_key    INTEGER NOT NULL,
    instance_id TEXT    NOT NULL,
    project_id  TEXT    NOT NULL,
    attributes  TEXT,
    amounts     TEXT    NOT NULL,
    state       INTEGER NOT NULL,
    lease_end   INTEGER,
    create_time INTEGER NOT NULL,
    update_time INTEGER NOT NULL,
    generation  INTEGER NOT NULL,
    reason      TEXT
) STRICT;

-- One row per change.
CREATE TABLE events (
    revision     INTEGER PRIMARY KEY,
    time         INTEGER NOT NULL,
    kind         INTEGER NOT NULL,
    node_key     INTEGER NOT NULL,
    generation   INTEGER NOT NULL,
    actor        TEXT    NOT NULL,
    used_after   TEXT    NOT NULL,
    claim_count  INTEGER NOT NULL,
    node_state   INTEGER NOT NULL,
    reason       TEXT,
    state_before INTEGER,
    state_after  INTEGER,
    -- For changes of claims.
    instance_id  TEXT,
    claim_seq    INTEGER,
    amounts      TEXT,
    lease_before INTEGER,
    lease_after  INTEGER,
    -- What else changed, as JSON: an instance's attributes or a node's report.
    before       TEXT,
    after        TEXT,
    -- The request, and on its first event what a retry needs.
    request_id   BLOB,
    fingerprint  INTEGER,
    reply        BLOB
) STRICT;

-- Requests that were accepted and changed nothing: no event remembers them, but a retry must not be decided anew.
CREATE TABLE unchanged_requests (
    number      INTEGER PRIMARY KEY,
    time        INTEGER NOT NULL,
    request_id  BLOB    NOT NULL,
    fingerprint INTEGER NOT NULL,
    reply       BLOB    NOT NULL
) STRICT;

CREATE TABLE usage_snapshots (
    node_key    INTEGER NOT NULL,
    time        INTEGER NOT NULL,
    generation  INTEGER NOT NULL,
    used        TEXT    NOT NULL,
    capacity    TEXT    NOT NULL,
    claim_count INTEGER NOT NULL,
    state       INTEGER NOT NULL,
    PRIMARY KEY (node_key, time)
) STRICT, WITHOUT ROWID;

-- One row, rewritten to find out whether the store takes writes again.
CREATE TABLE store_probe (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    count INTEGER NOT NULL
) STRICT;

INSERT INTO store_probe (id, count) VALUES (1, 0);
