namespace ResourceService.Server.Tests.Simulation;

/// <summary>
/// The plainest books that can be kept of a fleet: who holds how many VCPU on which node, and which move is in flight. It shares no code with the
/// service and knows nothing of its design; it says what each call must lead to.
/// </summary>
internal sealed class FleetModel
{
    public Dictionary<string, ModelNode> Nodes { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, ModelClaim> Claims { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, ModelMove> Moves { get; } = new(StringComparer.Ordinal);

    public IEnumerable<ModelClaim> Live => Claims.Values.Where(claim => claim.IsLive);

    public long Used(string node) => Live.Where(claim => claim.Node == node).Sum(claim => claim.Vcpus);

    public ModelClaim? Primary(string instance) => Live.FirstOrDefault(claim => claim.Instance == instance && claim.Role == ClaimRole.Primary);

    public ModelMove? MoveOf(string instance) => Moves.Values.FirstOrDefault(move => move.Instance == instance && move.InFlight);

    public bool Holds(string instance) => Live.Any(claim => claim.Instance == instance);

    /// <summary>Every reason for which a node must refuse a new claim.</summary>
    public IEnumerable<string> RefusalsOf(string node, long vcpus)
    {
        if (!Nodes.TryGetValue(node, out var known))
        {
            yield return "NODE_NOT_FOUND";
            yield break;
        }

        if (known.State != NodeState.Enabled)
            yield return "NODE_NOT_ENABLED";
        if (Used(node) + vcpus > known.Vcpus)
            yield return "DOES_NOT_FIT";
    }

    /// <summary>A claim is made.</summary>
    public void Add(Claim claim) =>
        Claims.Add(claim.ClaimId, new ModelClaim(claim.ClaimId, claim.NodeId, claim.Instance.InstanceId, claim.Resources["VCPU"], claim.Role));

    /// <summary>A move begins, and holds its target.</summary>
    public void Add(Migration migration, Claim target)
    {
        Add(target);
        Moves.Add(
            migration.MigrationId,
            new ModelMove(migration.MigrationId, migration.Type, migration.InstanceId, migration.SourceClaimId, migration.TargetClaimId));
    }

    /// <summary>Forgets what ended, but for the last of each: the service must know how those ended.</summary>
    public void Forget()
    {
        const int Kept = 20;
        foreach (var claim in Claims.Values.Where(claim => !claim.IsLive).OrderBy(claim => claim.Number).SkipLast(Kept).ToList())
            Claims.Remove(claim.Id);
        foreach (var move in Moves.Values.Where(move => !move.InFlight).OrderBy(move => move.Number).SkipLast(Kept).ToList())
            Moves.Remove(move.Id);
    }

    /// <summary>A move ends without its target.</summary>
    public void End(ModelMove move, MigrationState state, ClaimState target)
    {
        move.State = state;
        Claims[move.Target].State = target;
    }

    /// <summary>A move ends at its target.</summary>
    public void Confirm(ModelMove move)
    {
        move.State = MigrationState.Confirmed;
        if (Claims[move.Source].IsLive)
            Claims[move.Source].State = ClaimState.Released;
        (Claims[move.Target].Role, Claims[move.Target].State) = (ClaimRole.Primary, ClaimState.Active);
    }

    /// <summary>Everything that an instance holds ends, wherever it is.</summary>
    public void Release(string instance)
    {
        if (MoveOf(instance) is { } move)
            End(move, MigrationState.Failed, ClaimState.Released);
        if (Primary(instance) is { } primary)
            primary.State = ClaimState.Released;
    }

    /// <summary>A node goes with all that it holds.</summary>
    public void Delete(string node)
    {
        foreach (var move in Moves.Values.Where(move => move.InFlight && Claims[move.Target].Node == node))
            End(move, MigrationState.Failed, ClaimState.Released);
        foreach (var claim in Live.Where(claim => claim.Node == node))
            claim.State = ClaimState.Released;
        Nodes.Remove(node);
    }
}

internal sealed class ModelNode(long vcpus)
{
    public long Vcpus { get; set; } = vcpus;

    public NodeState State { get; set; } = NodeState.Enabled;
}

internal sealed class ModelClaim(string id, string node, string instance, long vcpus, ClaimRole role)
{
    public string Id { get; } = id;

    /// <summary>Rises with time.</summary>
    public long Number { get; } = long.Parse(id.Split('-')[2]);

    public string Node { get; } = node;

    public string Instance { get; } = instance;

    public long Vcpus { get; set; } = vcpus;

    public ClaimRole Role { get; set; } = role;

    public ClaimState State { get; set; } = ClaimState.Held;

    public bool IsLive => State is ClaimState.Held or ClaimState.Active;
}

internal sealed class ModelMove(string id, MigrationType type, string instance, string source, string target)
{
    public string Id { get; } = id;

    /// <summary>Rises with time.</summary>
    public long Number { get; } = long.Parse(id.Split('-')[2]);

    public MigrationType Type { get; } = type;

    public string Instance { get; } = instance;

    public string Source { get; } = source;

    public string Target { get; } = target;

    public MigrationState State { get; set; } = MigrationState.Preparing;

    public bool InFlight => State is MigrationState.Preparing or MigrationState.Running or MigrationState.Finished;
}
