-- For changes of claims that no move tells the role of: 3 (OBSERVED), and NULL for the others.
ALTER TABLE events ADD COLUMN claim_role INTEGER;
