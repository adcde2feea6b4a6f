using Google.Protobuf;
using ResourceService.Ledger;

namespace ResourceService.Server.Nodes;

/// <summary>How a change ended.</summary>
internal enum CommandStatus
{
    /// <summary>Accepted and durable, or already so.</summary>
    Accepted,

    /// <summary>Refused by the rules; nothing changed.</summary>
    Refused,

    /// <summary>The caller gave up before it was decided; nothing changed.</summary>
    Cancelled,

    /// <summary>Too much was waiting; nothing changed.</summary>
    QueueFull,

    /// <summary>The store takes no writes; nothing changed.</summary>
    StoreUnavailable,

    /// <summary>The store is nearly full, and takes only what ends or frees something; nothing changed.</summary>
    StoreNearlyFull,

    /// <summary>The commit failed: a retry with the same id finds out whether it is durable.</summary>
    InDoubt,

    /// <summary>An invariant did not hold: a defect. The node was read from the store again; nothing changed.</summary>
    Broken,
}

/// <summary>What became of one command: the reply of an accepted one, the refusal of a refused one.</summary>
internal readonly record struct CommandOutcome(CommandStatus Status, IMessage? Reply = null, Refusal? Refusal = null);
