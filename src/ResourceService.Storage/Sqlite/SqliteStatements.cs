namespace ResourceService.Storage.Sqlite;

/// <summary>All SQL of the SQLite store, each statement with the question it answers or what it keeps.</summary>
internal static class SqliteStatements
{
    /// <summary>Starts a transaction that may write.</summary>
    public const string Begin = "BEGIN IMMEDIATE";

    /// <summary>Makes a transaction durable.</summary>
    public const string Commit = "COMMIT";

    /// <summary>Undoes a transaction.</summary>
    public const string Rollback = "ROLLBACK";

    /// <summary>How many pages the database has, those of the open transaction included.</summary>
    public const string CountPages = "PRAGMA page_count";

    /// <summary>Whether the log is in use, how many pages it has, and how many of them are in the database; copies none.</summary>
    public const string CountLogPages = "PRAGMA wal_checkpoint(NOOP)";

    /// <summary>Copies the log into the database as far as readers let it, and waits for nobody.</summary>
    public const string CopyLog = "PRAGMA wal_checkpoint(PASSIVE)";

    /// <summary>Copies the log and cuts it off.</summary>
    public const string EmptyLog = "PRAGMA wal_checkpoint(TRUNCATE)";

    /// <summary>How many pages hold nothing.</summary>
    public const string CountFreePages = "PRAGMA freelist_count";

    /// <summary>Keeps a node's report and state: a new row, or the known one rewritten.</summary>
    public const string UpsertNode = """
        INSERT INTO nodes (node_key, node_id, spec, state, state_reason, register_time)
        VALUES (@node_key, @node_id, @spec, @state, @state_reason, @register_time)
        ON CONFLICT (node_key) DO UPDATE
        SET node_id = excluded.node_id, spec = excluded.spec, state = excluded.state, state_reason = excluded.state_reason, register_time = excluded.register_time
        """;

    /// <summary>Frees a node's name: one that no node can have stands there until the node gets its new one in the same transaction.</summary>
    public const string FreeNodeName = "UPDATE nodes SET node_id = ' ' || node_key WHERE node_key = @node_key";

    /// <summary>Keeps a node's usage for the first time, if nobody else registered the node.</summary>
    public const string InsertUsage = """
        INSERT INTO node_usage (node_key, generation, used, failed_builds, update_time)
        VALUES (@node_key, @generation, @used, @failed_builds, @update_time)
        ON CONFLICT (node_key) DO NOTHING
        """;

    /// <summary>Keeps a node's usage, if nobody else changed the node since it was read.</summary>
    public const string UpdateUsage = """
        UPDATE node_usage SET generation = @generation, used = @used, failed_builds = @failed_builds, update_time = @update_time
        WHERE node_key = @node_key AND generation = @generation_before
        """;

    /// <summary>Keeps a new primary claim that asked for amounts only, as most do: what it lacks is not handed over.</summary>
    public const string InsertPlainClaim = """
        INSERT INTO claims (claim_seq, node_key, instance_id, project_id, attributes, amounts, state, lease_end, create_time, update_time,
            generation)
        VALUES (@claim_seq, @node_key, @instance_id, @project_id, @attributes, @amounts, @state, @lease_end, @create_time, @update_time,
            @generation)
        """;

    /// <summary>Keeps any other new claim.</summary>
    public const string InsertClaim = """
        INSERT INTO claims (claim_seq, node_key, instance_id, project_id, attributes, amounts, state, lease_end, create_time, update_time,
            generation, request, assignment, role)
        VALUES (@claim_seq, @node_key, @instance_id, @project_id, @attributes, @amounts, @state, @lease_end, @create_time, @update_time,
            @generation, @request, @assignment, @role)
        """;

    /// <summary>Keeps a new state of a claim, its lease and its instance.</summary>
    public const string UpdateClaim = """
        UPDATE claims
        SET project_id = @project_id, attributes = @attributes, state = @state, lease_end = @lease_end, update_time = @update_time,
            generation = @generation, reason = @reason
        WHERE claim_seq = @claim_seq
        """;

    /// <summary>Keeps everything that may change of a claim: its part, or what it was given, has changed too.</summary>
    public const string UpdateWholeClaim = """
        UPDATE claims
        SET project_id = @project_id, attributes = @attributes, state = @state, lease_end = @lease_end, update_time = @update_time,
            generation = @generation, reason = @reason, amounts = @amounts, request = @request, assignment = @assignment, role = @role
        WHERE claim_seq = @claim_seq
        """;

    /// <summary>Keeps a new move.</summary>
    public const string InsertMigration = """
        INSERT INTO migrations (migration_seq, state, lease_end, update_time, end_time, reason, generation, target_key, source_key, source_seq,
            type, instance_id, create_time)
        VALUES (@migration_seq, @state, @lease_end, @update_time, @end_time, @reason, @generation, @target_key, @source_key, @source_seq,
            @type, @instance_id, @create_time)
        """;

    /// <summary>Keeps a new state of a move.</summary>
    public const string UpdateMigration = """
        UPDATE migrations
        SET state = @state, lease_end = @lease_end, update_time = @update_time, end_time = @end_time, reason = @reason, generation = @generation
        WHERE migration_seq = @migration_seq
        """;

    /// <summary>
    /// Keeps the event of a new claim, with the answer for retries. What never changes of a claim stands in its row, which
    /// was written right before: copying it there costs less than handing it over twice.
    /// </summary>
    public const string InsertClaimedEvent = """
        INSERT INTO events (revision, time, kind, node_key, generation, actor, used_after, claim_count, node_state,
            state_after, instance_id, claim_seq, amounts, lease_after, request_id, fingerprint, reply)
        SELECT @revision, @time, @kind, node_key, @generation, @actor, @used_after, @claim_count, @node_state,
            @state_after, instance_id, claim_seq, amounts, @lease_after, @request_id, @fingerprint, @reply
        FROM claims WHERE claim_seq = @claim_seq
        """;

    /// <summary>Keeps any other event, with the answer for retries.</summary>
    public const string InsertEvent = """
        INSERT INTO events (revision, time, kind, node_key, generation, actor, used_after, claim_count, node_state, reason,
            state_before, state_after, instance_id, claim_seq, amounts, lease_before, lease_after, before, after, request_id, fingerprint, reply)
        VALUES (@revision, @time, @kind, @node_key, @generation, @actor, @used_after, @claim_count, @node_state, @reason,
            @state_before, @state_after, @instance_id, @claim_seq, @amounts, @lease_before, @lease_after, @before, @after, @request_id, @fingerprint, @reply)
        """;

    /// <summary>Keeps an event of a move or of an audit, with the answer for retries.</summary>
    public const string InsertFullEvent = """
        INSERT INTO events (revision, time, kind, node_key, generation, actor, used_after, claim_count, node_state, reason,
            state_before, state_after, instance_id, claim_seq, amounts, lease_before, lease_after, before, after, request_id, fingerprint, reply,
            migration_seq, target_key, source_key, migration_before, migration_after, audit_seq, amounts_before, claim_role)
        VALUES (@revision, @time, @kind, @node_key, @generation, @actor, @used_after, @claim_count, @node_state, @reason,
            @state_before, @state_after, @instance_id, @claim_seq, @amounts, @lease_before, @lease_after, @before, @after, @request_id, @fingerprint, @reply,
            @migration_seq, @target_key, @source_key, @migration_before, @migration_after, @audit_seq, @amounts_before, @claim_role)
        """;

    /// <summary>Keeps an audit.</summary>
    public const string InsertAudit = """
        INSERT INTO audits (audit_seq, node_key, mode, time, observe_time, observed_generation, node_generation, actor, instance_count, drift_count,
            healed_count, drifts)
        VALUES (@audit_seq, @node_key, @mode, @time, @observe_time, @observed_generation, @node_generation, @actor, @instance_count, @drift_count,
            @healed_count, @drifts)
        """;

    /// <summary>Keeps which audit of its node is the last. Decided in order, so what comes later is newer.</summary>
    public const string UpsertNodeAudit = """
        INSERT INTO node_audits (node_key, audit_seq, time) VALUES (@node_key, @audit_seq, @time)
        ON CONFLICT (node_key) DO UPDATE SET audit_seq = excluded.audit_seq, time = excluded.time
        """;

    /// <summary>Forgets which audit of a node was the last: the node began a new life.</summary>
    public const string DeleteNodeAudit = "DELETE FROM node_audits WHERE node_key = @node_key";

    /// <summary>Keeps a request that has no event of its own. The time serves only to forget it one day.</summary>
    public const string InsertUnchangedRequest = """
        INSERT INTO unchanged_requests (number, time, request_id, fingerprint, reply)
        VALUES (@number, coalesce(@time, CAST(unixepoch('subsec') * 1000 AS INTEGER)), @request_id, @fingerprint, @reply)
        """;

    /// <summary>Keeps a usage snapshot; a second one of the same millisecond replaces the first.</summary>
    public const string UpsertSnapshot = """
        INSERT OR REPLACE INTO usage_snapshots (node_key, time, generation, used, capacity, claim_count, state)
        VALUES (@node_key, @time, @generation, @used, @capacity, @claim_count, @state)
        """;

    /// <summary>Can the store be written at all?</summary>
    public const string Probe = "UPDATE store_probe SET count = count + 1 WHERE id = 1";

    /// <summary>Which nodes are there, and how are they?</summary>
    public const string SelectNodes = """
        SELECT n.node_key AS NodeKey, n.spec AS Spec, n.state AS State, n.state_reason AS StateReason, n.register_time AS RegisterTime,
            u.generation AS Generation, u.used AS Used, u.failed_builds AS FailedBuilds, u.update_time AS UpdateTime,
            a.audit_seq AS AuditSeq, a.time AS AuditTime
        FROM nodes n JOIN node_usage u ON u.node_key = n.node_key LEFT JOIN node_audits a ON a.node_key = n.node_key
        """;

    /// <summary>The columns of a claim.</summary>
    public const string ClaimColumns = """
        claim_seq AS ClaimSeq, node_key AS NodeKey, instance_id AS InstanceId, project_id AS ProjectId, attributes AS Attributes,
            amounts AS Amounts, request AS Request, assignment AS Assignment, role AS Role, state AS State, lease_end AS LeaseEnd, create_time AS CreateTime, update_time AS UpdateTime,
            generation AS Generation, reason AS Reason
        """;

    /// <summary>Which claims hold resources, in a range of sequences? (1 is HELD, 2 is ACTIVE.)</summary>
    public const string SelectLiveClaims =
        $"SELECT {ClaimColumns} FROM claims WHERE claim_seq > @after AND claim_seq <= @until AND state IN (1, 2) ORDER BY claim_seq";

    /// <summary>Which claims hold resources at all?</summary>
    public const string SelectAllLiveClaims = $"SELECT {ClaimColumns} FROM claims WHERE state IN (1, 2) ORDER BY claim_seq";

    /// <summary>How is this claim?</summary>
    public const string SelectClaim = $"SELECT {ClaimColumns} FROM claims WHERE claim_seq = @sequence";

    /// <summary>Which claims match a filter, page by page?</summary>
    public const string SelectClaims = $"""
        SELECT {ClaimColumns} FROM claims
        WHERE claim_seq > @after AND state IN @states
            AND (@nodeKey IS NULL OR node_key = @nodeKey)
            AND (@instanceId IS NULL OR instance_id = @instanceId)
            AND (@projectId IS NULL OR project_id = @projectId)
        ORDER BY claim_seq LIMIT @limit
        """;

    /// <summary>The columns of a move.</summary>
    public const string MigrationColumns = """
        migration_seq AS MigrationSeq, target_key AS TargetKey, source_key AS SourceKey, source_seq AS SourceSeq, type AS Type,
            instance_id AS InstanceId, state AS State, lease_end AS LeaseEnd, create_time AS CreateTime, update_time AS UpdateTime,
            end_time AS EndTime, reason AS Reason, generation AS Generation
        """;

    /// <summary>Which moves are in flight? (1 is PREPARING, 2 is RUNNING, 3 is FINISHED; the index needs the numbers here.)</summary>
    public const string SelectMigrationsInFlight = $"SELECT {MigrationColumns} FROM migrations WHERE state IN (1, 2, 3) ORDER BY migration_seq";

    /// <summary>How is this move?</summary>
    public const string SelectMigration = $"SELECT {MigrationColumns} FROM migrations WHERE migration_seq = @sequence";

    /// <summary>Which moves match a filter, page by page? Goes on with one of the two below.</summary>
    public const string SelectMigrations = $"""
        SELECT {MigrationColumns} FROM migrations
        WHERE migration_seq > @after AND state IN @states
            AND (@nodeKey IS NULL OR target_key = @nodeKey OR source_key = @nodeKey)
            AND (@instanceId IS NULL OR instance_id = @instanceId)
            AND (NOT @typesAreLimited OR type IN @types)
        """;

    /// <summary>All that match.</summary>
    public const string InAnyState = " ORDER BY migration_seq LIMIT @limit";

    /// <summary>Those in flight, by their index.</summary>
    public const string OnlyInFlight = " AND state IN (1, 2, 3)" + InAnyState;

    /// <summary>Which claim was made last?</summary>
    public const string SelectNewestClaim = "SELECT coalesce(max(claim_seq), 0) FROM claims";

    /// <summary>What is the highest claim sequence ever given?</summary>
    public const string SelectLastClaim = $"SELECT max(({SelectNewestClaim}), ({SelectSequenceFloor}))";

    /// <summary>Which event was written last?</summary>
    public const string SelectNewestRevision = "SELECT coalesce(max(revision), 0) FROM events";

    /// <summary>What is the newest revision?</summary>
    public const string SelectLastRevision = $"SELECT max(({SelectNewestRevision}), (SELECT coalesce(max(revision_floor), 0) FROM epochs))";

    /// <summary>When was the newest event written?</summary>
    public const string SelectLastEventTime = "SELECT time FROM events ORDER BY revision DESC LIMIT 1";

    /// <summary>Was this revision, or the next, ever given by this ledger?</summary>
    public const string SelectIsInHistory = "SELECT EXISTS (SELECT 1 FROM events WHERE revision IN (@revision, @revision + 1))";

    /// <summary>What is the highest generation of a node?</summary>
    public const string SelectNewestGeneration = "SELECT coalesce(max(generation), 0) FROM node_usage";

    /// <summary>Above what do claims, moves and audits go on?</summary>
    public const string SelectSequenceFloor = "SELECT coalesce(max(sequence_floor), 0) FROM epochs";

    /// <summary>Above what do all numbers go on?</summary>
    public const string SelectFloors = "SELECT coalesce(max(revision_floor), 0), coalesce(max(sequence_floor), 0) FROM epochs";

    /// <summary>Where do the sequences of each epoch begin?</summary>
    public const string SelectSequenceFloors = "SELECT DISTINCT sequence_floor FROM epochs ORDER BY sequence_floor";

    /// <summary>Which is the last claim of a range?</summary>
    public const string SelectLastClaimWithin = "SELECT max(claim_seq) FROM claims WHERE claim_seq > @after AND claim_seq <= @until";

    /// <summary>Begins an epoch: numbers go on above these.</summary>
    public const string InsertEpoch = """
        INSERT INTO epochs (time, reason, revision_floor, sequence_floor, request_floor)
        VALUES (@time, @reason, @revision, @sequence, (SELECT coalesce(max(number), 0) FROM unchanged_requests))
        """;

    /// <summary>Raises the generations of all nodes.</summary>
    public const string RaiseGenerations = "UPDATE node_usage SET generation = @generation";

    /// <summary>
    /// Begins an epoch when the newest event is an hour or more ahead of the clock, once: no number is raised, but from here on it is known when the
    /// rows before were there already.
    /// </summary>
    public const string InsertEpochOfClock = $"""
        INSERT INTO epochs (time, reason, revision_floor, sequence_floor, request_floor)
        SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER), 'the clock had been ahead', revision,
            max(({SelectNewestClaim}), ({SelectNewestAudit}), ({SelectSequenceFloor})), (SELECT coalesce(max(number), 0) FROM unchanged_requests)
        FROM (SELECT revision, time FROM events ORDER BY revision DESC LIMIT 1)
        WHERE time > (unixepoch('subsec') + 3600) * 1000 AND NOT EXISTS (SELECT 1 FROM epochs WHERE revision_floor >= revision)
        """;

    /// <summary>What is the oldest revision kept?</summary>
    public const string SelectOldestRevision = "SELECT coalesce(min(revision), 0) FROM events";

    /// <summary>Which requests were remembered last by their events, newest first?</summary>
    public const string SelectLastRequests = """
        SELECT request_id AS RequestId, fingerprint AS Fingerprint, revision AS Revision, time AS Time FROM events
        WHERE reply IS NOT NULL ORDER BY revision DESC LIMIT @limit
        """;

    /// <summary>Which requests that changed nothing were remembered last, newest first? Their place is their number below zero.</summary>
    public const string SelectLastUnchangedRequests = """
        SELECT request_id AS RequestId, fingerprint AS Fingerprint, -number AS Revision, time AS Time FROM unchanged_requests
        ORDER BY number DESC LIMIT @limit
        """;

    /// <summary>What is the highest number of a request that changed nothing?</summary>
    public const string SelectLastUnchangedRequest = "SELECT coalesce(max(number), 0) FROM unchanged_requests";

    /// <summary>What was answered to a request that changed nothing?</summary>
    public const string SelectUnchangedReply = "SELECT reply FROM unchanged_requests WHERE number = @number";

    /// <summary>Which requests were remembered after a revision?</summary>
    public const string SelectRequestsAfter = """
        SELECT request_id AS RequestId, fingerprint AS Fingerprint, revision AS Revision, time AS Time FROM events
        WHERE revision > @revision AND reply IS NOT NULL ORDER BY revision
        """;

    /// <summary>Which requests that changed nothing were remembered after a number?</summary>
    public const string SelectUnchangedRequestsAfter = """
        SELECT request_id AS RequestId, fingerprint AS Fingerprint, -number AS Revision, time AS Time FROM unchanged_requests
        WHERE number > @number ORDER BY number
        """;

    /// <summary>What was answered to the request that this event remembers?</summary>
    public const string SelectReply = "SELECT reply FROM events WHERE revision = @revision";

    /// <summary>What happened, in a range of revisions? Ends with one of the orders below.</summary>
    public const string SelectEvents = """
        SELECT revision AS Revision, time AS Time, kind AS Kind, node_key AS NodeKey, generation AS Generation, actor AS Actor,
            used_after AS UsedAfter, claim_count AS ClaimCount, node_state AS NodeState, reason AS Reason, state_before AS StateBefore, state_after AS StateAfter,
            instance_id AS InstanceId, claim_seq AS ClaimSeq, amounts AS Amounts, lease_before AS LeaseBefore, lease_after AS LeaseAfter,
            before AS Before, after AS After, request_id AS RequestId, migration_seq AS MigrationSeq, target_key AS TargetKey,
            source_key AS SourceKey, migration_before AS MigrationBefore, migration_after AS MigrationAfter, audit_seq AS AuditSeq,
            amounts_before AS AmountsBefore, claim_role AS ClaimRole
        FROM events
        WHERE revision > @after AND revision <= @until
            AND (@nodeKey IS NULL OR node_key = @nodeKey OR target_key = @nodeKey OR source_key = @nodeKey)
            AND (@instanceId IS NULL OR instance_id = @instanceId)
            AND (@claimSequence IS NULL OR claim_seq = @claimSequence)
            AND (@migrationSequence IS NULL OR migration_seq = @migrationSequence)
            AND (@actor IS NULL OR actor = @actor)
            AND (NOT @kindsAreLimited OR kind IN @kinds)
            AND (@start IS NULL OR time >= @start)
            AND (@end IS NULL OR time < @end)
        """;

    /// <summary>Which nodes were renamed, and from what to what? (6 is NodeRenamed; the index needs the number here.)</summary>
    public const string SelectRenames = """
        SELECT revision, node_key, source_key, json_extract(before, '$.nodeId'), json_extract(after, '$.nodeId')
        FROM events WHERE kind = 6 ORDER BY revision
        """;

    /// <summary>The oldest first.</summary>
    public const string OldestFirst = " ORDER BY revision LIMIT @limit";

    /// <summary>The newest first.</summary>
    public const string NewestFirst = " ORDER BY revision DESC LIMIT @limit";

    /// <summary>
    /// How did a node's usage develop? From one snapshot on the next that is far enough away is looked up, so that thinning a month reads as much
    /// as it gives.
    /// </summary>
    public const string SelectSnapshots = """
        WITH RECURSIVE kept (at) AS (
            SELECT min(time) FROM usage_snapshots WHERE node_key = @nodeKey AND time > @after AND time < @until
            UNION ALL
            SELECT (SELECT min(time) FROM usage_snapshots WHERE node_key = @nodeKey AND time >= kept.at + @interval AND time < @until)
            FROM kept WHERE kept.at IS NOT NULL
            LIMIT @limit)
        SELECT node_key AS NodeKey, time AS Time, generation AS Generation, used AS Used, capacity AS Capacity, claim_count AS ClaimCount,
            state AS State
        FROM kept JOIN usage_snapshots ON node_key = @nodeKey AND time = kept.at ORDER BY time
        """;

    /// <summary>The columns of an audit, without its drifts.</summary>
    public const string AuditColumns = """
        audit_seq AS AuditSeq, node_key AS NodeKey, mode AS Mode, time AS Time, observe_time AS ObserveTime,
            observed_generation AS ObservedGeneration, node_generation AS NodeGeneration, actor AS Actor, instance_count AS InstanceCount,
            drift_count AS DriftCount, healed_count AS HealedCount
        """;

    /// <summary>How did this audit end?</summary>
    public const string SelectAudit = $"SELECT {AuditColumns}, drifts AS Drifts FROM audits WHERE audit_seq = @sequence";

    /// <summary>Which audits match a filter, page by page? The bounds are always given, so that the order of time is the index's.</summary>
    public const string SelectAudits = $"""
        SELECT {AuditColumns} FROM audits
        WHERE time >= @start AND time < @end AND (time, audit_seq) < (@beforeTime, @beforeSequence) AND (NOT @driftOnly OR drift_count > 0)
        ORDER BY time DESC, audit_seq DESC LIMIT @limit
        """;

    /// <summary>Which audits of one node match a filter, page by page?</summary>
    public const string SelectAuditsOfNode = $"""
        SELECT {AuditColumns} FROM audits
        WHERE node_key = @nodeKey AND time >= @start AND time < @end AND (time, audit_seq) < (@beforeTime, @beforeSequence)
            AND (NOT @driftOnly OR drift_count > 0)
        ORDER BY time DESC, audit_seq DESC LIMIT @limit
        """;

    /// <summary>Which generation has each node's newest event or claim?</summary>
    public const string SelectNewestGenerations = """
        SELECT node_key, max(generation)
        FROM (SELECT node_key, generation FROM events UNION ALL SELECT node_key, generation FROM claims)
        GROUP BY node_key
        """;

    /// <summary>What is the highest audit sequence ever given? The newest audit stays when older ones go.</summary>
    public const string SelectLastAudit = $"SELECT max(({SelectNewestAudit}), ({SelectSequenceFloor}))";

    /// <summary>Which audit was made last?</summary>
    public const string SelectNewestAudit = "SELECT coalesce(max(audit_seq), 0) FROM audits";

    /// <summary>Which events are the oldest? One from the future is as old as the epoch that found it.</summary>
    public const string SelectOldestEvents = """
        SELECT revision, iif(time > @now, min(time, coalesce((SELECT min(e.time) FROM epochs e WHERE e.revision_floor >= revision), time)), time)
        FROM events ORDER BY revision LIMIT @limit
        """;

    /// <summary>Forgets all events before a revision.</summary>
    public const string DeleteEvents = "DELETE FROM events WHERE revision < @from";

    /// <summary>Which audits are the oldest?</summary>
    public const string SelectOldestAudits = """
        SELECT audit_seq, iif(time > @now, min(time, coalesce((SELECT min(e.time) FROM epochs e WHERE e.sequence_floor >= audit_seq), time)), time)
        FROM audits ORDER BY audit_seq LIMIT @limit
        """;

    /// <summary>Forgets all audits before a number.</summary>
    public const string DeleteAudits = "DELETE FROM audits WHERE audit_seq < @from";

    /// <summary>Where does a range of so many moves end?</summary>
    public const string SelectMigrationRangeEnd =
        "SELECT max(migration_seq) FROM (SELECT migration_seq FROM migrations WHERE migration_seq > @after ORDER BY migration_seq LIMIT @limit)";

    /// <summary>Forgets moves of a range that ended long ago.</summary>
    public const string DeleteEndedMigrations = """
        DELETE FROM migrations
        WHERE migration_seq > @after AND migration_seq <= @until AND state NOT IN (1, 2, 3)
            AND (update_time < @before
                OR (update_time > @now AND EXISTS (SELECT 1 FROM epochs e WHERE e.sequence_floor >= migration_seq AND e.time < @before)))
        """;

    /// <summary>Which of the requests that changed nothing are the oldest?</summary>
    public const string SelectOldestUnchangedRequests = """
        SELECT number, iif(time > @now, min(time, coalesce((SELECT min(e.time) FROM epochs e WHERE e.request_floor >= number), time)), time)
        FROM unchanged_requests ORDER BY number LIMIT @limit
        """;

    /// <summary>Forgets all requests that changed nothing before a number.</summary>
    public const string DeleteUnchangedRequests = "DELETE FROM unchanged_requests WHERE number < @from";

    /// <summary>Where does a range of so many claims end?</summary>
    public const string SelectClaimRangeEnd =
        "SELECT max(claim_seq) FROM (SELECT claim_seq FROM claims WHERE claim_seq > @after ORDER BY claim_seq LIMIT @limit)";

    /// <summary>Forgets claims of a range that ended long ago; the newest of all stays.</summary>
    public const string DeleteEndedClaims = """
        DELETE FROM claims
        WHERE claim_seq > @after AND claim_seq <= @until AND state NOT IN (1, 2)
            AND (update_time < @before
                OR (update_time > @now AND EXISTS (SELECT 1 FROM epochs e WHERE e.sequence_floor >= claim_seq AND e.time < @before)))
            AND claim_seq < (SELECT max(claim_seq) FROM claims)
        """;

    /// <summary>Which node with snapshots comes next?</summary>
    public const string SelectNextSnapshotNode = "SELECT min(node_key) FROM usage_snapshots WHERE node_key > @after";

    /// <summary>
    /// Forgets a node's snapshots that are too old, and of the older ones all but the last of each hour, of the others all but the last of
    /// each minute.
    /// </summary>
    public const string DeleteSnapshots = """
        DELETE FROM usage_snapshots WHERE node_key = @nodeKey AND time IN (
            SELECT s.time FROM usage_snapshots s
            WHERE s.node_key = @nodeKey AND (s.time < @minutelyUntil OR s.time > @now) AND (
                s.time < @before
                OR (s.time > @now AND EXISTS (SELECT 1 FROM epochs e WHERE e.time < @before))
                OR s.time <= @now AND EXISTS (
                    SELECT 1 FROM usage_snapshots later
                    WHERE later.node_key = s.node_key AND later.time > s.time
                        AND later.time < (s.time / iif(s.time < @hourlyUntil, 3600000, 60000) + 1) * iif(s.time < @hourlyUntil, 3600000, 60000)))
            LIMIT @limit)
        """;

    /// <summary>Is there a ledger at all?</summary>
    public const string CountLedgerTables = "SELECT count(*) FROM sqlite_schema WHERE name = 'node_usage'";

    /// <summary>How many nodes were ever registered?</summary>
    public const string CountNodes = "SELECT count(*) FROM nodes";

    /// <summary>How much does the database hold?</summary>
    public const string SelectSummary = """
        SELECT (SELECT coalesce(max(revision), 0) FROM events) AS Revision, (SELECT count(*) FROM nodes WHERE state <> 0) AS Nodes,
            (SELECT count(*) FROM claims WHERE state IN (1, 2)) AS LiveClaims
        """;

    /// <summary>Which claim holds resources of a node that does not exist?</summary>
    public const string SelectHomelessClaim =
        "SELECT claim_seq FROM claims WHERE state IN (1, 2) AND node_key NOT IN (SELECT node_key FROM nodes) LIMIT 1";
}
