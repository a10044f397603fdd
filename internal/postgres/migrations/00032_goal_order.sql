-- +goose Up
-- depends_on are the goals that have to succeed first; twin is the digest of what
-- is asked, '' when the goal may be asked beside an equal one.
ALTER TABLE goals ADD depends_on text[] NOT NULL DEFAULT '{}', ADD twin text NOT NULL DEFAULT '';
CREATE INDEX goals_dependent ON goals USING gin (depends_on) WHERE state = 'accepted' AND depends_on <> '{}';
CREATE UNIQUE INDEX goals_twin ON goals (twin) WHERE twin <> '' AND state IN ('accepted', 'planning', 'running');
CREATE INDEX goals_waiting ON goals (submitter) WHERE state = 'accepted';
