using System.Collections.Frozen;
using System.Text;
using Google.Rpc;
using Grpc.Core;
using ResourceService.Ledger;
using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Nodes;
using ResourceService.Server.Security;
using ResourceService.Storage;
using Status = Google.Rpc.Status;

namespace ResourceService.Server.Telemetry;

/// <summary>The values that labels have: names of the contract's and the ledger's closed lists, each made once.</summary>
internal static class MetricLabels
{
    /// <summary>For claims that audits make of what hosts run beyond all others.</summary>
    public const string Observed = "observed";

    /// <summary>The reason of claims that others of their batch took along.</summary>
    public const string BatchNotApplied = "BATCH_NOT_APPLIED";

    /// <summary>The reason of a claim on a node that is not registered.</summary>
    public const string NodeNotFound = "NODE_NOT_FOUND";

    private const string None = "";
    private const string Accepted = "accepted";
    private const string Refused = "refused";
    private const string Failed = "failed";

    private static readonly string[] _codes = Names<StatusCode>();
    private static readonly string[] _contractNames = [.. _codes.Select(name => name.ToUpperInvariant())];
    private static readonly string[] _nodeStates = Names<NodeState>();
    private static readonly string[] _claimStates = Names<ClaimState>();
    private static readonly string[] _drifts = Names<DriftKind>();
    private static readonly string[] _tables = Names<RetainedTable>();
    private static readonly string[] _tasks = Names<BackgroundTask>();
    private static readonly string[] _refusalKinds = [.. Names<RefusalKind>().Select(name => name.ToUpperInvariant())];
    private static readonly string[] _changeKinds = Names<ChangeKind>();

    // By the contract's text: a reason found in an error becomes the one object that all labels share.
    private static readonly FrozenDictionary<string, string> _reasons = Enum.GetValues<V1.ErrorReason>()
        .Select(reason => ToSnake(reason.ToString()).ToUpperInvariant())
        .ToFrozenDictionary(name => name, name => name, StringComparer.Ordinal);

    private static readonly FrozenDictionary<V1.RefusalReason, string> _dimensions =
        Enum.GetValues<V1.RefusalReason>().ToFrozenDictionary(reason => reason, reason => ToSnake(reason.ToString()).ToUpperInvariant());

    /// <summary>The names of what a claim may lack.</summary>
    public static IEnumerable<string> Dimensions => _dimensions.Where(pair => pair.Key != V1.RefusalReason.Unspecified).Select(pair => pair.Value);

    /// <summary>The names of why a caller may be refused.</summary>
    public static IEnumerable<string> AccessRefusals => Names<AccessRefusal>();

    /// <summary>One more than the largest place of a kind of change.</summary>
    public static int ChangeKindCount => _changeKinds.Length;

    /// <summary>The name of a gRPC code.</summary>
    public static string Of(StatusCode code) => (uint)code < (uint)_codes.Length ? _codes[(int)code] : _codes[(int)StatusCode.Unknown];

    /// <summary>The name of a gRPC code as the specification writes it.</summary>
    public static string ContractName(StatusCode code) => (uint)code < (uint)_contractNames.Length ? _contractNames[(int)code] : _contractNames[(int)StatusCode.Unknown];

    /// <summary>Why an error came: the contract's reason or, where it carries none that is known, the code's name.</summary>
    public static string ErrorType(Status error) =>
        error.GetDetail<ErrorInfo>() is { } info && _reasons.TryGetValue(info.Reason, out var reason) ? reason : ContractName((StatusCode)error.Code);

    /// <summary>The name of a node's state.</summary>
    public static string Of(NodeState state) => _nodeStates[(int)state];

    /// <summary>The name of a claim's state.</summary>
    public static string Of(ClaimState state) => _claimStates[(int)state];

    /// <summary>The name of a kind of drift.</summary>
    public static string Of(DriftKind kind) => _drifts[(int)kind];

    /// <summary>The name of a task of the service's own.</summary>
    public static string Of(BackgroundTask task) => _tasks[(int)task];

    /// <summary>The name of a table with a bound in time.</summary>
    public static string Of(RetainedTable table) => _tables[(int)table];

    /// <summary>A kind's place among the names.</summary>
    public static int IndexOf(ChangeKind kind) => (int)kind;

    /// <summary>The name at a place.</summary>
    public static string ChangeKindAt(int index) => _changeKinds[index];

    /// <summary>How a claim ended and the contract's reason: refused by the rules, or failed for another cause.</summary>
    public static (string Outcome, string Reason) Of(Status? error)
    {
        if (error is null)
            return (Accepted, None);
        return (OutcomeOf((StatusCode)error.Code), error.GetDetail<ErrorInfo>() is { } info && _reasons.TryGetValue(info.Reason, out var reason) ? reason : None);
    }

    /// <summary>How a call ended: accepted, refused by the rules, or failed for another cause.</summary>
    public static string OutcomeOf(StatusCode code) => code switch
    {
        StatusCode.OK => Accepted,
        StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Internal or StatusCode.Unknown or StatusCode.Cancelled or StatusCode.DataLoss => Failed,
        _ => Refused,
    };

    /// <summary>The name of the rule that refused.</summary>
    public static string Of(RefusalKind kind) => _refusalKinds[(int)kind];

    /// <summary>What a refused claim lacked, each reason once.</summary>
    public static IEnumerable<string> DimensionsOf(Status error) => error.Details
        .SelectMany(detail =>
            detail.Is(V1.Refusal.Descriptor) ? detail.Unpack<V1.Refusal>().Dimensions.Select(dimension => dimension.Reason)
            : detail.Is(V1.RefusalSummary.Descriptor) ? detail.Unpack<V1.RefusalSummary>().Refusals.Select(refusal => refusal.Reason)
            : [])
        .Distinct()
        .Where(_dimensions.ContainsKey)
        .Select(reason => _dimensions[reason]);

    private static string[] Names<T>()
        where T : struct, Enum
    {
        var values = Enum.GetValues<T>();
        var names = new string[values.Max(value => Convert.ToInt32(value)) + 1];
        Array.Fill(names, None);
        foreach (var value in values)
            names[Convert.ToInt32(value)] = ToSnake(value.ToString());
        return names;
    }

    // "ClaimExpired" becomes "claim_expired", "OK" stays one word.
    private static string ToSnake(string name)
    {
        var text = new StringBuilder();
        for (var i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]) && !char.IsUpper(name[i - 1]))
                text.Append('_');
            text.Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }
}
