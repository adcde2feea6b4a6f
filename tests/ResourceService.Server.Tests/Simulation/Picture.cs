namespace ResourceService.Server.Tests.Simulation;

/// <summary>What is wrong in a picture of a host, beside what changed since it was taken.</summary>
internal enum Wrong
{
    Nothing,

    /// <summary>An instance is gone.</summary>
    Gone,

    /// <summary>An instance has other amounts.</summary>
    Resized,

    /// <summary>An instance runs on other CPUs.</summary>
    Repinned,

    /// <summary>An instance has a device more.</summary>
    Attached,

    /// <summary>There is an instance that nobody claimed.</summary>
    Untracked,
}

/// <summary>A host as its agent saw it at a time: all settled instances as they were, with at most one thing wrong.</summary>
/// <param name="Node">The node.</param>
/// <param name="Generation">Its generation before the picture was taken.</param>
/// <param name="Time">The time of the books then.</param>
/// <param name="Instances">What it shows.</param>
/// <param name="Wrong">What is wrong.</param>
/// <param name="Subject">The claim of the instance that is wrong; null for one that nobody claimed.</param>
internal sealed record Picture(
    string Node, long Generation, long Time, IReadOnlyList<PicturedInstance> Instances, Wrong Wrong, ModelClaim? Subject)
{
    /// <summary>The instance that is wrong, as it is shown; null when it is gone.</summary>
    public PicturedInstance? Shown { get; init; }

    /// <summary>Takes a picture of a host now.</summary>
    public static Picture Take(FleetModel model, Random random, string node, long generation, string stranger)
    {
        var settled = model.On(node)
            .Where(claim => claim is { State: ClaimState.Active, Role: ClaimRole.Primary } && model.MoveOf(claim.Instance) is null)
            .OrderBy(claim => claim.Number)
            .ToList();
        var instances = settled.Select(PicturedInstance.Of).ToList();
        var wrong = (Wrong)random.Next(Enum.GetValues<Wrong>().Length);
        var place = random.Next(Math.Max(1, settled.Count));
        if (wrong == Wrong.Untracked ? model.Holds(stranger) : settled.Count == 0 || (wrong == Wrong.Repinned && settled[place].Cpus.Count == 0))
            wrong = Wrong.Nothing;
        if (wrong == Wrong.Nothing)
            return new Picture(node, generation, model.Time, instances, wrong, null);

        if (wrong == Wrong.Untracked)
        {
            var size = ModelSize.Any(random);
            var (cpus, devices) = (Some(random, SimulatedHost.DedicatedCpus, size.Pinned), Some(random, SimulatedHost.Devices, size.Devices));
            instances.Add(new PicturedInstance(stranger, size.Vcpus, cpus, devices));
            return new Picture(node, generation, model.Time, instances, wrong, null) { Shown = instances[^1] };
        }

        var subject = settled[place];
        var shown = wrong switch
        {
            Wrong.Resized => instances[place] with { Vcpus = subject.Vcpus + (random.Next(2) == 0 && subject.Vcpus > 1 ? -1 : random.Next(1, 4)) },
            Wrong.Repinned => instances[place] with { Cpus = Some(random, SimulatedHost.DedicatedCpus, subject.Cpus.Count) },
            Wrong.Attached => instances[place] with { Devices = [.. subject.Devices.Union(Some(random, SimulatedHost.Devices, 1))] },
            _ => null,
        };
        instances.RemoveAt(place);
        if (shown is not null)
            instances.Insert(place, shown);
        return new Picture(node, generation, model.Time, instances, wrong, subject) { Shown = shown };
    }

    public AuditNodeRequest ToRequest(AuditMode mode) => new()
    {
        NodeId = Node,
        Mode = mode,
        ObservedGeneration = Generation,
        Scopes = { AuditScope.Instances },
        ConfirmedOrphanCount = 1000,
        Instances = { Instances.Select(instance => instance.ToContract()) },
        RequestId = Unique.RequestId(),
    };

    private static List<T> Some<T>(Random random, IReadOnlyList<T> all, int count)
    {
        var shuffled = all.ToArray();
        random.Shuffle(shuffled);
        return [.. shuffled.Take(count)];
    }
}

/// <summary>An instance in a picture.</summary>
internal sealed record PicturedInstance(string Id, long Vcpus, IReadOnlyList<int> Cpus, IReadOnlyList<string> Devices)
{
    public static PicturedInstance Of(ModelClaim claim) => new(claim.Instance, claim.Vcpus, claim.Cpus, claim.Devices);

    /// <summary>Whether the claim holds what is shown.</summary>
    public bool IsAs(ModelClaim claim) => Vcpus == claim.Vcpus && Cpus.SequenceEqual(claim.Cpus) && !Devices.Except(claim.Devices).Any();

    public ObservedInstance ToContract()
    {
        var message = new ObservedInstance
        {
            Instance = new Instance { InstanceId = Id },
            Resources = { ["VCPU"] = Vcpus, ["MEMORY_MB"] = 512 },
            DeviceAddresses = { Devices },
        };
        if (Cpus.Count > 0)
            message.NumaCells.Add(new ObservedNumaCell { HostCellId = 0, Pinning = { Cpus.Index().ToDictionary() } });
        return message;
    }
}
