-- What a claim was asked for beside its amounts, what it was given inside its node, and the part it plays for its instance (1 is PRIMARY).
ALTER TABLE claims ADD COLUMN request TEXT;
ALTER TABLE claims ADD COLUMN assignment TEXT;
ALTER TABLE claims ADD COLUMN role INTEGER NOT NULL DEFAULT 1;
