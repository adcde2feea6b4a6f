-- Moments at which the ledger had given no number above the floors: a restored one goes on above all that were given in the time that it lost, and one
-- that was written by a clock that was ahead knows from here that its rows are not from the future.
CREATE TABLE epochs (
    epoch          INTEGER PRIMARY KEY,
    time           INTEGER NOT NULL,
    reason         TEXT    NOT NULL,
    -- Of revisions and of the nodes' generations.
    revision_floor INTEGER NOT NULL,
    -- Of claims, which moves share, and of audits.
    sequence_floor INTEGER NOT NULL,
    -- Of requests that changed nothing.
    request_floor  INTEGER NOT NULL
) STRICT;
