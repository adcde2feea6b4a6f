using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using ResourceService.Ledger;
using ResourceService.Ledger.Candidates;
using ResourceService.Server.Nodes;
using ResourceService.V1;
using Status = Google.Rpc.Status;

namespace ResourceService.Server.Grpc;

/// <summary>
/// The only place where errors of the contract are made. Each is a <see cref="Status"/> with an ErrorInfo whose reason is documented in
/// errors.proto; the tests compare the two.
/// </summary>
internal static class RpcErrors
{
    /// <summary>The domain of every reason.</summary>
    public const string Domain = "resourceservice";

    // When to come back after a full queue: decisions take microseconds, commits under a millisecond.
    private static readonly Duration _retrySoon = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(50));

    // When to come back to a store that is lost.
    private static readonly Duration _retryLater = Duration.FromTimeSpan(TimeSpan.FromSeconds(1));

    /// <summary>Fields break their rules: all of them are named.</summary>
    public static Status InvalidFields(IReadOnlyList<BadRequest.Types.FieldViolation> violations)
    {
        var status = Make(Code.InvalidArgument, ErrorReason.InvalidField, ErrorMessages.InvalidFields(violations));
        status.Details.Add(Any.Pack(new BadRequest { FieldViolations = { violations } }));
        return status;
    }

    /// <summary>Bytes that are no message at all.</summary>
    public static Status Malformed() => Make(Code.InvalidArgument, ErrorReason.InvalidField, "The message cannot be parsed; the call ends here.");

    /// <summary>A call that is not one whole message, or not whole messages.</summary>
    /// <param name="what">What is wrong, in plain ASCII; may be empty.</param>
    public static Status MalformedCall(string what) => Make(
        Code.InvalidArgument, ErrorReason.MalformedCall, $"The call's bytes are not what gRPC sends; the call ends here. {what}".TrimEnd());

    /// <summary>A message compressed by a method that is not known here.</summary>
    public static Status EncodingUnsupported(string encoding) => Make(
        Code.Unimplemented, ErrorReason.EncodingUnsupported, "The message is compressed by a method that is not known here; send it as it is, or by gzip or deflate.",
        ("encoding", encoding));

    /// <summary>A method that is not of the contract.</summary>
    public static Status MethodUnknown() =>
        NotImplemented("The service has no such method: its name is wrong, or this version does not know it yet. Reflection lists the methods.");

    /// <summary>The deadline passed while the call was under way.</summary>
    public static Status DeadlinePassed() => Make(
        Code.DeadlineExceeded, ErrorReason.DeadlinePassed, "The deadline passed before the call ended; a retry with the same request_id gets the right answer.");

    /// <summary>A message beyond the limit.</summary>
    public static Status MessageTooLong(int max) => Make(
        Code.ResourceExhausted, ErrorReason.MessageTooLong, $"The message has more than {max} bytes, as many as Requests:MessageBytesMax allows.",
        ("message_bytes_max", Text(max)));

    /// <summary>A page token that this list did not give.</summary>
    public static Status InvalidPageToken() =>
        Make(Code.InvalidArgument, ErrorReason.InvalidPageToken, "page_token: not a token of this list; start again without one.");

    /// <summary>A node that is not registered.</summary>
    public static Status NodeNotFound(string nodeId) =>
        Make(Code.NotFound, ErrorReason.NodeNotFound, $"Node {nodeId} is not registered.", ("node_id", nodeId));

    /// <summary>A claim the store does not know.</summary>
    public static Status ClaimNotFound(string claimId) =>
        Make(Code.NotFound, ErrorReason.ClaimNotFound, $"Claim {claimId} does not exist.", ("claim_id", claimId));

    /// <summary>A move the store does not know.</summary>
    public static Status MigrationNotFound(MigrationId id) =>
        Make(Code.NotFound, ErrorReason.MigrationNotFound, $"Migration {id} does not exist.", ("migration_id", id.ToString()));

    /// <summary>An audit the store does not keep.</summary>
    public static Status AuditNotFound(string auditId) =>
        Make(Code.NotFound, ErrorReason.AuditNotFound, $"Audit {auditId} does not exist, or is no longer kept.", ("audit_id", auditId));

    /// <summary>An instance that holds nothing.</summary>
    public static Status InstanceNotFound(string instanceId) =>
        Make(Code.NotFound, ErrorReason.InstanceNotFound, $"Instance {instanceId} holds no claim.", ("instance_id", instanceId));

    /// <summary>A claim that has ended in a state that does not allow the step.</summary>
    public static Status ClaimEnded(Ledger.Claims.Claim claim) => Make(
        Code.FailedPrecondition, ErrorReason.ClaimWrongState, $"Claim {claim.Id} is {claim.State}: it holds nothing any more.",
        ("claim_id", claim.Id.ToString()), ("state", ContractMapping.ToContract(claim.State).ToString().ToUpperInvariant()));

    /// <summary>A request id that came with other content before.</summary>
    public static Status RequestIdReused(Guid id) =>
        Make(Code.AlreadyExists, ErrorReason.RequestIdReused, $"request_id: {id} was used before with another request.", ("request_id", id.ToString()));

    /// <summary>No node of those allowed fits; how many refuse for each reason.</summary>
    public static Status NoCandidateFits(RefusalCounts refusals)
    {
        var summary = ToContract(refusals);
        return WithDetail(Make(Code.ResourceExhausted, ErrorReason.NoCandidateFits, ErrorMessages.NoneFits(summary)), summary);
    }

    /// <summary>No candidate named fits; why, for each.</summary>
    public static Status NoCandidateFits(IReadOnlyCollection<V1.Refusal> refusals)
    {
        var status = Make(Code.ResourceExhausted, ErrorReason.NoCandidateFits, ErrorMessages.NoneFits(refusals));
        foreach (var refusal in refusals.Take(16))
            status.Details.Add(Any.Pack(refusal));
        return status;
    }

    /// <summary>Another request of an all-or-nothing batch failed.</summary>
    public static Status BatchNotApplied() =>
        Make(Code.Aborted, ErrorReason.BatchNotApplied, "Another request of the batch was refused, so none was carried out.");

    /// <summary>A revision that is no longer kept.</summary>
    public static Status RevisionTooOld(long revision, long oldest) => Make(
        Code.OutOfRange, ErrorReason.RevisionTooOld, $"Changes after revision {revision} are no longer kept.",
        ("revision", Text(revision)), ("oldest_revision", Text(oldest)));

    /// <summary>A revision that does not exist yet.</summary>
    public static Status RevisionInFuture(long revision, long latest) => Make(
        Code.OutOfRange, ErrorReason.RevisionInFuture, $"Revision {revision} is after the latest, {latest}.",
        ("revision", Text(revision)), ("latest_revision", Text(latest)));

    /// <summary>A revision of a ledger that is gone.</summary>
    public static Status RevisionReplaced(long revision, long latest) => Make(
        Code.OutOfRange, ErrorReason.RevisionInFuture, $"Revision {revision} was given by a ledger that a restore has replaced; the latest is {latest}.",
        ("revision", Text(revision)), ("latest_revision", Text(latest)));

    /// <summary>A watcher that does not read what it is sent.</summary>
    public static Status WatcherTooSlow(long revision) => WithRetry(
        Make(Code.Unavailable, ErrorReason.WatcherTooSlow, $"The watcher did not read for too long; watch again from revision {revision}.",
            ("revision", Text(revision))),
        _retrySoon);

    /// <summary>Something the service cannot do yet.</summary>
    public static Status NotImplemented(string what) => Make(Code.Unimplemented, ErrorReason.NotImplemented, what);

    /// <summary>Too much is waiting.</summary>
    public static Status QueueFull() =>
        WithRetry(Make(Code.Unavailable, ErrorReason.QueueFull, "Too many changes are waiting; retry with the same request_id."), _retrySoon);

    /// <summary>More nodes than configured.</summary>
    public static Status TooManyNodes(int max) =>
        Make(Code.FailedPrecondition, ErrorReason.FleetFull, $"The service knows {max} nodes, as many as Nodes:NodesMax allows.", ("nodes_max", Text(max)));

    /// <summary>The service stops.</summary>
    public static Status Stopping() =>
        WithRetry(Make(Code.Unavailable, ErrorReason.NotServing, "The service is stopping; retry with the same request_id."), _retryLater);

    /// <summary>A caller that is not known, or not any more.</summary>
    public static Status CallerUnknown(string why) => Make(Code.Unauthenticated, ErrorReason.CallerUnknown, why);

    /// <summary>A method that no role of the caller includes.</summary>
    public static Status RoleInsufficient(string roles) => Make(
        Code.PermissionDenied, ErrorReason.RoleInsufficient, roles.Length == 0 ? "The caller has no role." : $"The role {roles} does not include this method.",
        ("role", roles));

    /// <summary>The agent of another node. The message tells nothing of what was asked for, not even whether it exists.</summary>
    public static Status NodeNotOwned(string ownNodeId) => Make(
        Code.PermissionDenied, ErrorReason.NodeNotOwned, "An agent may ask only about its own node and what is on it.", ("node_id", ownNodeId));

    /// <summary>A caller that asks too much at a time.</summary>
    public static Status CallerLimited(TimeSpan retryAfter) => WithRetry(
        Make(Code.Unavailable, ErrorReason.CallerLimited, "The caller asks more than it may at a time; retry with the same request_id."),
        Duration.FromTimeSpan(retryAfter));

    /// <summary>Too many answers wait for callers to read them.</summary>
    public static Status AnswersUnread() => WithRetry(
        Make(Code.Unavailable, ErrorReason.CallerLimited, "Too many answers are not read yet; read them, then retry with the same request_id."),
        _retrySoon);

    /// <summary>Too many large answers are being asked for.</summary>
    public static Status AddressBusy() => WithRetry(
        Make(Code.Unavailable, ErrorReason.CallerLimited, "Too many lists of this client's address wait to be made; ask for fewer at a time."), _retryLater);

    /// <summary>Too many callers that are not known hold streams that are open to everyone.</summary>
    public static Status HealthWatched() => WithRetry(
        Make(Code.Unavailable, ErrorReason.CallerLimited, "Too many callers that are not known hold streams already; ask for health with Check, or come back."), _retryLater);

    /// <summary>A connection that was verified by rules that have changed.</summary>
    public static Status ConnectionOutdated() =>
        WithRetry(Make(Code.Unavailable, ErrorReason.NotServing, "Trust has changed; connect again."), _retrySoon);

    /// <summary>A token that nobody can judge yet.</summary>
    public static Status KeysUnknown() => WithRetry(
        Make(Code.Unavailable, ErrorReason.NotServing, "The keys of the tokens' issuer are not known yet; retry with the same request_id."), _retryLater);

    /// <summary>A defect of the service.</summary>
    public static Status Defect() =>
        Make(Code.Internal, ErrorReason.InvariantBroken, "A defect of the service; nothing was changed. Please report it.");

    /// <summary>What became of a command that was not accepted.</summary>
    public static Status Of(CommandOutcome outcome, string nodeId) => outcome.Status switch
    {
        CommandStatus.Refused => Of(outcome.Refusal!, nodeId),
        CommandStatus.Cancelled => Make(Code.DeadlineExceeded, ErrorReason.DeadlinePassed, "The caller gave up before it was decided; nothing changed."),
        CommandStatus.QueueFull => QueueFull(),
        CommandStatus.StoreUnavailable => WithRetry(
            Make(Code.Unavailable, ErrorReason.StoreUnavailable, "The store takes no writes; nothing changed. Retry with the same request_id."), _retryLater),
        CommandStatus.StoreNearlyFull => WithRetry(
            Make(
                Code.Unavailable, ErrorReason.StoreNearlyFull,
                "The store is nearly full and takes only what ends or frees something; nothing changed. Retry with the same request_id."), _retryLater),
        CommandStatus.InDoubt => WithRetry(
            Make(Code.Unavailable, ErrorReason.CommitInDoubt, "The commit failed; a retry with the same request_id gets the right answer."), _retryLater),
        _ => Defect(),
    };

    /// <summary>Whether an error is what a retry with the same id is to get as well: the other ones ask to come again.</summary>
    public static bool IsFinal(Status error) => (Code)error.Code is not (Code.Unavailable or Code.DeadlineExceeded or Code.Internal);

    /// <summary>A refusal of the rules.</summary>
    public static Status Of(Ledger.Refusal refusal, string nodeId)
    {
        var (code, reason) = refusal.Kind switch
        {
            RefusalKind.NodeNotFound => (Code.NotFound, ErrorReason.NodeNotFound),
            RefusalKind.ClaimNotLive => (Code.NotFound, ErrorReason.ClaimNotFound),
            RefusalKind.ClaimWrongState => (Code.FailedPrecondition, ErrorReason.ClaimWrongState),
            RefusalKind.InstanceAlreadyClaimed => (Code.AlreadyExists, ErrorReason.InstanceAlreadyClaimed),
            RefusalKind.NodeNotEnabled => (Code.FailedPrecondition, ErrorReason.NodeNotEnabled),
            RefusalKind.StaleGeneration => (Code.Aborted, ErrorReason.StaleGeneration),
            RefusalKind.InventoryInUse => (Code.FailedPrecondition, ErrorReason.InventoryInUse),
            RefusalKind.NodeHoldsClaims => (Code.FailedPrecondition, ErrorReason.NodeHoldsClaims),
            RefusalKind.MigrationNotInFlight => (Code.NotFound, ErrorReason.MigrationNotFound),
            RefusalKind.MigrationWrongState => (Code.FailedPrecondition, ErrorReason.MigrationWrongState),
            RefusalKind.MigrationWrongType => (Code.FailedPrecondition, ErrorReason.MigrationWrongType),
            RefusalKind.MigrationInFlight => (Code.FailedPrecondition, ErrorReason.MigrationInFlight),
            RefusalKind.FieldOwned => (Code.FailedPrecondition, ErrorReason.FieldOwned),
            RefusalKind.OutcomeInvalid => (Code.FailedPrecondition, ErrorReason.OutcomeInvalid),
            RefusalKind.TargetIsSource => (Code.FailedPrecondition, ErrorReason.TargetIsSource),
            _ => (Code.ResourceExhausted, ErrorReason.DoesNotFit),
        };
        var status = Make(code, reason, refusal.Message, [("node_id", nodeId), .. refusal.Metadata.Select(pair => (pair.Key, pair.Value))]);
        return refusal.Kind == RefusalKind.DoesNotFit ? WithDetail(status, ToContract(refusal, nodeId)) : status;
    }

    /// <summary>What a node lacks, dimension by dimension.</summary>
    public static V1.Refusal ToContract(Ledger.Refusal refusal, string nodeId)
    {
        var detail = new V1.Refusal { NodeId = nodeId };
        if (refusal.Kind == RefusalKind.NodeNotFound)
            detail.Dimensions.Add(new V1.RefusedDimension { Reason = V1.RefusalReason.NodeNotFound, Detail = refusal.Message });
        else if (refusal.Kind == RefusalKind.NodeNotEnabled)
            detail.Dimensions.Add(new V1.RefusedDimension { Reason = V1.RefusalReason.NodeNotEnabled, Detail = refusal.Message });
        foreach (var dimension in refusal.Dimensions.Take(RefusalMapping.DimensionsMax))
            detail.Dimensions.Add(RefusalMapping.ToContract(dimension));
        return detail;
    }

    /// <summary>How many nodes refuse for each reason.</summary>
    public static RefusalSummary ToContract(RefusalCounts counts)
    {
        var summary = new RefusalSummary { ExaminedNodeCount = counts.Examined };
        summary.Refusals.Add(counts.MostFrequentFirst().Select(
            count => new RefusalCount { Reason = RefusalMapping.ToContract(count.Reason), ResourceClass = count.Class, NodeCount = count.Nodes }));
        return summary;
    }

    private static Status Make(Code code, ErrorReason reason, string message, params ReadOnlySpan<(string Key, string Value)> metadata)
    {
        var info = new ErrorInfo { Domain = Domain, Reason = ReasonName(reason) };
        foreach (var (key, value) in metadata)
        {
            if (value.Length > 0)
                info.Metadata[key] = value;
        }

        return new Status { Code = (int)code, Message = message, Details = { Any.Pack(info) } };
    }

    // The contract's name without its prefix: protobuf knows the original one.
    private static string ReasonName(ErrorReason reason) =>
        ErrorsReflection.Descriptor.EnumTypes[0].FindValueByNumber((int)reason).Name["ERROR_REASON_".Length..];

    /// <summary>The reason that has a name.</summary>
    public static ErrorReason ReasonOf(string name) =>
        (ErrorReason)(ErrorsReflection.Descriptor.EnumTypes[0].FindValueByName($"ERROR_REASON_{name}")?.Number ?? 0);

    private static Status WithDetail(Status status, IMessage detail)
    {
        status.Details.Add(Any.Pack(detail));
        return status;
    }

    private static Status WithRetry(Status status, Duration delay) => WithDetail(status, new RetryInfo { RetryDelay = delay });

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
