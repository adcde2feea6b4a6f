namespace ResourceService.Load.Wire;

/// <summary>What the client keeps of a message of a watch: how far the watch is.</summary>
internal sealed record WatchedChange(long Revision);
