-- What owners set of a node stands in its "spec", and in those of events, as "owners". There is no new column: the number alone keeps older builds away,
-- which would pass over it in silence and lose it with their next write.
SELECT 1;
