namespace ResourceService.Server.Grpc;

/// <summary>Which rules something of a host breaks, in a few words.</summary>
internal static class UnreadableReason
{
    private const int RulesMax = 3;

    /// <summary>The first of the rules broken, and how many more were.</summary>
    public static string Of(FieldViolations broken)
    {
        var rules = string.Join("; ", broken.All.Take(RulesMax).Select(rule => $"{rule.Field} {rule.Description}"));
        return broken.All.Count > RulesMax ? $"{rules}; and {broken.All.Count - RulesMax} more" : rules;
    }
}
