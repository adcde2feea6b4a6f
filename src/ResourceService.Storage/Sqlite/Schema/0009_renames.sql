-- Renames of nodes (kind 6) are few among very many events, and all of them are read at start: history is told under the names of its time.
CREATE INDEX events_of_renames ON events (revision) WHERE kind = 6;
