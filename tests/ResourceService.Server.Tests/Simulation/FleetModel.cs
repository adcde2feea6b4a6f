namespace ResourceService.Server.Tests.Simulation;

/// <summary>
/// The plainest books that can be kept of a fleet: who holds how much on which node, which CPUs and devices are whose, which move is in flight, and
/// what changed when. It shares no code with the service and knows nothing of its design; it says what each call must lead to.
/// </summary>
internal sealed class FleetModel
{
    public Dictionary<string, ModelNode> Nodes { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, ModelClaim> Claims { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, ModelMove> Moves { get; } = new(StringComparer.Ordinal);

    /// <summary>The time of the books: rises with each change.</summary>
    public long Time { get; private set; }

    public IEnumerable<ModelClaim> Live => Claims.Values.Where(claim => claim.IsLive);

    public IEnumerable<ModelClaim> On(string node) => Live.Where(claim => claim.Node == node);

    public ModelSize Used(string node) => On(node).Aggregate(default(ModelSize), (sum, claim) => sum + claim.Size);

    public ModelClaim? Primary(string instance) => Live.FirstOrDefault(claim => claim.Instance == instance && claim.Role == ClaimRole.Primary);

    public ModelMove? MoveOf(string instance) => Moves.Values.FirstOrDefault(move => move.Instance == instance && move.InFlight);

    /// <summary>Whether it holds claims of its own; what hosts were seen to run of it is none.</summary>
    public bool Holds(string instance) => Live.Any(claim => claim.Instance == instance && claim.Role != ClaimRole.Observed);

    /// <summary>What a node was seen to run of an instance beyond its other claims.</summary>
    public ModelClaim? Observed(string node, string instance) =>
        On(node).FirstOrDefault(claim => claim.Instance == instance && claim.Role == ClaimRole.Observed);

    /// <summary>What stands in the way of others on a node when a picture is audited: what was counted before it was taken is counted anew.</summary>
    public IEnumerable<ModelClaim> Standing(string node, long pictureTime) =>
        On(node).Where(claim => claim.Role != ClaimRole.Observed || claim.Changed > pictureTime);

    /// <summary>Whether none of these claims owns one of the CPUs and devices.</summary>
    public static bool AreFree(IEnumerable<ModelClaim> others, IEnumerable<int> cpus, IEnumerable<string> devices) =>
        !others.SelectMany(claim => claim.Cpus).Intersect(cpus).Any() && !others.SelectMany(claim => claim.Devices).Intersect(devices).Any();

    /// <summary>Every reason for which a node must refuse a new claim.</summary>
    /// <param name="node">The node.</param>
    /// <param name="size">What is asked for.</param>
    /// <param name="instance">Who asks for this node: what is counted of it there does not stand in its way.</param>
    public IEnumerable<string> RefusalsOf(string node, ModelSize size, string? instance = null)
    {
        if (!Nodes.TryGetValue(node, out var known))
        {
            yield return "NODE_NOT_FOUND";
            yield break;
        }

        if (known.State != NodeState.Enabled)
            yield return "NODE_NOT_ENABLED";
        var after = On(node).Where(claim => instance is null || claim != Observed(node, instance)).Aggregate(size, (sum, claim) => sum + claim.Size);
        if (after.Vcpus > known.Vcpus || after.Pinned > SimulatedHost.DedicatedCpus.Count || after.Devices > SimulatedHost.Devices.Count)
            yield return "DOES_NOT_FIT";
    }

    /// <summary>An agent tells what its node has.</summary>
    public void Register(string node, long vcpus)
    {
        if (!Nodes.TryGetValue(node, out var known))
            Nodes.Add(node, known = new ModelNode());
        (known.Reported, known.Changed) = (vcpus, ++Time);
    }

    /// <summary>An owner sets what is reserved of a node's vCPUs, and takes it from the other; 0 is nothing.</summary>
    public void Reserve(string node, string owner, long vcpus)
    {
        var known = Nodes[node];
        if (vcpus > 0)
            (known.Reserved, known.Owner) = (vcpus, owner);
        else if (known.Owner == owner)
            (known.Reserved, known.Owner) = (0, null);
        known.Changed = ++Time;
    }

    /// <summary>A claim is made, of the size that was asked for, on CPUs and devices that nobody else owns.</summary>
    public ModelClaim Add(Claim claim, ModelSize size)
    {
        var added = new ModelClaim(claim.ClaimId, claim.NodeId, claim.Instance.InstanceId, claim.Role)
        {
            Vcpus = claim.Resources["VCPU"],
            Cpus = CpusOf(claim),
            Devices = [.. claim.Devices.Select(device => device.Address)],
        };
        Assert.Equal(size, added.Size);
        return Add(added);
    }

    /// <summary>The host CPUs of a claim, by ascending guest CPU.</summary>
    public static IReadOnlyList<int> CpusOf(Claim claim) =>
        [.. claim.NumaCells.SelectMany(cell => cell.Pinning.OrderBy(pin => pin.Key)).Select(pin => pin.Value)];

    /// <summary>A claim that is complete.</summary>
    public ModelClaim Add(ModelClaim claim)
    {
        if (claim.Role != ClaimRole.Observed && Observed(claim.Node, claim.Instance) is { } counted)
            End(counted, ClaimState.Released);
        Assert.True(AreFree(On(claim.Node), claim.Cpus, claim.Devices), $"{claim.Id} was given CPUs {string.Join(' ', claim.Cpus)} or devices of another claim");
        Assert.Empty(claim.Cpus.Except(SimulatedHost.DedicatedCpus));
        Assert.Empty(claim.Devices.Except(SimulatedHost.Devices));
        Claims.Add(claim.Id, claim);
        Touch(claim);
        return claim;
    }

    /// <summary>A move begins, and holds its target.</summary>
    public void Add(Migration migration, Claim target, ModelSize size)
    {
        Add(target, size);
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

    /// <summary>A claim changes.</summary>
    public void Touch(ModelClaim claim)
    {
        claim.Changed = ++Time;
        if (Nodes.TryGetValue(claim.Node, out var node))
            node.Changed = Time;
    }

    /// <summary>A claim ends.</summary>
    public void End(ModelClaim claim, ClaimState state)
    {
        claim.State = state;
        Touch(claim);
        Nodes[claim.Node].Ended = Time;
    }

    /// <summary>A move ends without its target, and its instance stays where it is.</summary>
    public void End(ModelMove move, MigrationState state, ClaimState target)
    {
        move.State = state;
        End(Claims[move.Target], target);
        if (Claims.TryGetValue(move.Source, out var source) && source.IsLive)
            Touch(source);
    }

    /// <summary>A move ends at its target.</summary>
    public void Confirm(ModelMove move)
    {
        move.State = MigrationState.Confirmed;
        if (Claims[move.Source].IsLive)
            End(Claims[move.Source], ClaimState.Released);
        (Claims[move.Target].Role, Claims[move.Target].State) = (ClaimRole.Primary, ClaimState.Active);
        Touch(Claims[move.Target]);
    }

    /// <summary>Everything that an instance holds ends, wherever it is.</summary>
    public void Release(string instance)
    {
        if (MoveOf(instance) is { } move)
            End(move, MigrationState.Failed, ClaimState.Released);
        if (Primary(instance) is { } primary)
            End(primary, ClaimState.Released);
        foreach (var counted in Live.Where(claim => claim.Instance == instance).ToList())
            End(counted, ClaimState.Released);
    }

    /// <summary>A node gets another name, and all that it holds with it; what was reported under that name counts.</summary>
    public void Rename(string from, string to)
    {
        foreach (var counted in On(to).ToList())
            End(counted, ClaimState.Released);
        Nodes.Remove(from, out var node);
        if (Nodes.Remove(to, out var other))
        {
            node!.Reported = other.Reported;
            if (other.Owner is not null)
                (node.Reserved, node.Owner) = (other.Reserved, other.Owner);
            if (node.State == NodeState.Enabled)
                node.State = other.State;
        }

        Nodes.Add(to, node!);
        foreach (var claim in On(from).ToList())
        {
            claim.Node = to;
            Touch(claim);
        }

        (node!.Changed, node.Ended) = (++Time, Time);
    }

    /// <summary>A node goes with all that it holds.</summary>
    public void Delete(string node)
    {
        foreach (var move in Moves.Values.Where(move => move.InFlight && Claims[move.Target].Node == node))
            End(move, MigrationState.Failed, ClaimState.Released);
        foreach (var claim in On(node).ToList())
            End(claim, ClaimState.Released);
        Nodes.Remove(node);
    }
}

internal sealed class ModelNode
{
    /// <summary>What its agent reported.</summary>
    public long Reported { get; set; }

    /// <summary>What an owner keeps back of it.</summary>
    public long Reserved { get; set; }

    /// <summary>Who keeps it back.</summary>
    public string? Owner { get; set; }

    /// <summary>What can be claimed.</summary>
    public long Vcpus => Math.Max(0, Reported - Reserved);

    public NodeState State { get; set; } = NodeState.Enabled;

    /// <summary>When it, or a claim on it, changed last.</summary>
    public long Changed { get; set; }

    /// <summary>When a claim on it ended last.</summary>
    public long Ended { get; set; }
}

internal sealed class ModelClaim(string id, string node, string instance, ClaimRole role)
{
    public string Id { get; } = id;

    /// <summary>Rises with time.</summary>
    public long Number { get; } = long.Parse(id.Split('-')[2]);

    public string Node { get; set; } = node;

    public string Instance { get; } = instance;

    public required long Vcpus { get; set; }

    /// <summary>The host CPU of each pinned guest CPU.</summary>
    public required IReadOnlyList<int> Cpus { get; set; }

    public required IReadOnlyList<string> Devices { get; set; }

    public ModelSize Size => new(Vcpus, Cpus.Count, Devices.Count);

    public ClaimRole Role { get; set; } = role;

    public ClaimState State { get; set; } = ClaimState.Held;

    public bool IsLive => State is ClaimState.Held or ClaimState.Active;

    /// <summary>When it changed last.</summary>
    public long Changed { get; set; }
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
