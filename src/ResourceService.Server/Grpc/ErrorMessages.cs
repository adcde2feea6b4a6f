using ResourceService.V1;

namespace ResourceService.Server.Grpc;

/// <summary>
/// The sentences of errors that have several reasons. Most clients and logs keep nothing but the message, so the first reasons stand in it; all of
/// them are in the details.
/// </summary>
internal static class ErrorMessages
{
    // Three tell what is wrong; a message that holds more is cut in most logs.
    private const int ReasonsMax = 3;

    /// <summary>The first fields that break their rules.</summary>
    public static string InvalidFields(IReadOnlyList<Google.Rpc.BadRequest.Types.FieldViolation> violations) =>
        First(violations.Select(violation => $"{violation.Field}: {violation.Description}"), violations.Count);

    /// <summary>
    /// Why no node of the fleet fits: the most frequent reasons, with the number of nodes that each holds for. Nodes that were not asked for, or take no
    /// claims, come last: there are often most of them, and they say least.
    /// </summary>
    public static string NoneFits(RefusalSummary summary) => Sentence(
        summary.ExaminedNodeCount, "node", "nodes",
        summary.Refusals.OrderBy(IsOutside).Select(refusal => $"{NameOf(refusal)} on {refusal.NodeCount}"), summary.Refusals.Count);

    /// <summary>Why none of the candidates named fits: what the first of them lack.</summary>
    public static string NoneFits(IReadOnlyCollection<Refusal> refusals) => Sentence(
        refusals.Count, "candidate", "candidates",
        refusals.Select(refusal => $"{refusal.NodeId}: {First(refusal.Dimensions.Select(dimension => dimension.Detail), refusal.Dimensions.Count)}"),
        refusals.Count);

    private static bool IsOutside(RefusalCount refusal) => refusal.Reason is RefusalReason.NodeFiltered or RefusalReason.NodeNotEnabled;

    private static string Sentence(int examined, string one, string many, IEnumerable<string> reasons, int count)
    {
        var subject = examined == 1 ? $"The only {one} does not fit" : $"None of {examined} {many} fits";
        return count == 0 ? $"{subject}." : $"{subject}: {First(reasons, count)}.";
    }

    private static string First(IEnumerable<string> reasons, int count)
    {
        var first = string.Join("; ", reasons.Take(ReasonsMax));
        return count > ReasonsMax ? $"{first} (and {count - ReasonsMax} more)" : first;
    }

    // "VCPU: CAPACITY_EXCEEDED": the reason as the details have it, so that it can be looked up.
    private static string NameOf(RefusalCount refusal)
    {
        var reason = ResourcesReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.EnumDescriptor>(nameof(RefusalReason))
            .FindValueByNumber((int)refusal.Reason).Name["REFUSAL_REASON_".Length..];
        return refusal.ResourceClass.Length == 0 ? reason : $"{refusal.ResourceClass} {reason}";
    }
}
