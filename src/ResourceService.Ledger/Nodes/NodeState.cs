namespace ResourceService.Ledger.Nodes;

/// <summary>What a node may be used for. Numbers are stored: only add.</summary>
public enum NodeState
{
    /// <summary>Not registered, or deleted. Holds no claims.</summary>
    Absent = 0,

    /// <summary>Takes new claims.</summary>
    Enabled = 1,

    /// <summary>Takes no new claims; what is there stays and may move away.</summary>
    Disabled = 2,

    /// <summary>Takes no new claims; what is there is being moved away.</summary>
    Draining = 3,
}
