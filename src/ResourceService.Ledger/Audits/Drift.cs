namespace ResourceService.Ledger.Audits;

/// <summary>One difference between the ledger and a host.</summary>
/// <param name="Kind">What differs.</param>
/// <param name="Action">What was done about it.</param>
/// <param name="Expected">What the ledger says, in short.</param>
/// <param name="Observed">What the host says, in short.</param>
/// <param name="Detail">The same in a sentence for people, with the reason of the action.</param>
public sealed record Drift(DriftKind Kind, DriftAction Action, string Expected, string Observed, string Detail)
{
    /// <summary>The instance concerned.</summary>
    public InstanceId? Instance { get; init; }

    /// <summary>The claim concerned.</summary>
    public ClaimId? Claim { get; init; }

    /// <summary>The move concerned.</summary>
    public MigrationId? Migration { get; init; }

    /// <summary>The resource class concerned; empty when none is.</summary>
    public string ResourceClass { get; init; } = "";

    /// <summary>The device concerned; empty when none is.</summary>
    public string DeviceAddress { get; init; } = "";

    /// <summary>Whether the audit corrected it.</summary>
    public bool IsHealed => Action is DriftAction.InventoryUpdated or DriftAction.ClaimReleased or DriftAction.InstanceAdopted
        or DriftAction.ClaimCorrected or DriftAction.MigrationEnded;
}

/// <summary>What differs between the ledger and a host. Numbers are stored: only add.</summary>
public enum DriftKind
{
    /// <summary>Inventory, topology or devices are not those registered.</summary>
    InventoryChanged = 1,

    /// <summary>More is used than there is.</summary>
    OverCapacity = 2,

    /// <summary>An active claim whose instance is not on the host.</summary>
    OrphanedClaim = 3,

    /// <summary>An instance on the host without a claim anywhere.</summary>
    UntrackedInstance = 4,

    /// <summary>An instance on the host that is claimed on another node.</summary>
    MisplacedInstance = 5,

    /// <summary>An instance has other amounts, states or devices than its claim.</summary>
    UsageMismatch = 6,

    /// <summary>An instance runs on other CPUs, cells or pages than its claim says.</summary>
    PinningMismatch = 7,

    /// <summary>A device that a claim owns is not on the host, or not attached to the instance.</summary>
    DeviceMissing = 8,

    /// <summary>A move in flight that has made no progress for too long.</summary>
    StaleMigration = 9,

    /// <summary>A claim or a move that is still held although its lease has ended.</summary>
    ExpiredLease = 10,

    /// <summary>Something on the host that the report says in a way that cannot be read.</summary>
    Unreadable = 11,

    /// <summary>A device that a claim owns is another one than it was given.</summary>
    DeviceChanged = 12,
}

/// <summary>What an audit did about a drift. Numbers are stored: only add.</summary>
public enum DriftAction
{
    /// <summary>Nothing: the audit only reports, or the kind is not healed.</summary>
    Reported = 1,

    /// <summary>The host's inventory, topology or devices were registered.</summary>
    InventoryUpdated = 2,

    /// <summary>The claim was released or expired.</summary>
    ClaimReleased = 3,

    /// <summary>The instance was given a claim.</summary>
    InstanceAdopted = 4,

    /// <summary>The claim was corrected to what the host runs.</summary>
    ClaimCorrected = 5,

    /// <summary>The move was ended.</summary>
    MigrationEnded = 6,

    /// <summary>Nothing: a claim under lease or a move in flight is concerned.</summary>
    SkippedInFlight = 7,

    /// <summary>Nothing: the ledger changed after the picture was taken.</summary>
    SkippedChangedSince = 8,

    /// <summary>Nothing: the correction would not fit on the node.</summary>
    SkippedDoesNotFit = 9,

    /// <summary>Nothing: too many claims would end at once for a report that does not confirm it.</summary>
    SkippedUnconfirmed = 10,

    /// <summary>The instance could not be adopted, and what it runs with is held by an observed claim.</summary>
    Counted = 11,
}
