-- A sample of the claims that were refused, bounded in number and in time; reason numbers and bodies are the contract's.
CREATE TABLE refusals (
    refusal_seq INTEGER PRIMARY KEY,
    time        INTEGER NOT NULL,
    actor       TEXT    NOT NULL,
    instance_id TEXT    NOT NULL,
    project_id  TEXT    NOT NULL,
    reason      INTEGER NOT NULL,
    body        BLOB    NOT NULL
) STRICT;

CREATE INDEX refusals_by_instance ON refusals (instance_id);

-- The nodes that such a claim named.
CREATE TABLE refusal_nodes (
    refusal_seq INTEGER NOT NULL,
    node_id     TEXT    NOT NULL,
    PRIMARY KEY (refusal_seq, node_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX refusal_nodes_by_node ON refusal_nodes (node_id, refusal_seq);
