namespace ResourceService.Load.Replay;

/// <summary>One event of the trace: a request appears, or goes away.</summary>
internal sealed record ReplayStep(long Time, RequestRow Request, bool IsRelease);
