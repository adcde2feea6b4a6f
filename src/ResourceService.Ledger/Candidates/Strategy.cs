namespace ResourceService.Ledger.Candidates;

/// <summary>Which of two nodes that fit is better.</summary>
public enum Strategy
{
    /// <summary>The emptier one.</summary>
    Spread,

    /// <summary>The fuller one.</summary>
    Pack,
}
