namespace ResourceService.Storage;

/// <summary>Which audits to read. Null matches all.</summary>
/// <param name="NodeKey">Only audits of this node.</param>
/// <param name="StartMs">Only audits from this moment on, in Unix milliseconds.</param>
/// <param name="EndMs">Only audits before this moment, in Unix milliseconds.</param>
/// <param name="DriftOnly">Only audits that found drift.</param>
/// <param name="Before">Only audits that come after this one in a list of the newest first.</param>
public sealed record AuditFilter(
    int? NodeKey = null, long? StartMs = null, long? EndMs = null, bool DriftOnly = false, (long TimeMs, long Sequence)? Before = null);
