namespace ResourceService.Server.Tests.AuditNode;

/// <summary>A host at random: what was claimed on it, and what it runs instead by the time its agent looks.</summary>
internal sealed class FuzzedHost(ServiceClients clients, Random random)
{
    // Of a host of two cells with six dedicated CPUs each, and six devices.
    private static readonly int[][] _dedicated = [[2, 3, 4, 5, 6, 7], [10, 11, 12, 13, 14, 15]];
    private static readonly string[] _devices = [.. Enumerable.Range(1, 6).Select(slot => $"0000:3b:0{slot}.0")];

    private readonly RegisterNodeRequest _spec = Spec();
    private AuditNodeRequest? _report;

    public string NodeId => _spec.NodeId;

    /// <summary>What it runs.</summary>
    public List<Guest> Guests { get; } = [];

    /// <summary>Claims of instances that it does not run any more.</summary>
    public List<string> Orphans { get; } = [];

    /// <summary>Registers it and claims for some instances.</summary>
    public async Task BeginAsync()
    {
        await clients.Nodes.RegisterNodeAsync(_spec);
        var batch = new ClaimInstancesRequest();
        for (var i = random.Next(1, 6); i > 0; i--)
            batch.Requests.Add(AnyClaim());
        foreach (var result in (await clients.Claims.ClaimInstancesAsync(batch)).Results.Where(result => result.Claim is not null))
        {
            var claim = (await clients.Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = result.Claim.ClaimId })).Claim;
            Guests.Add(new Guest(claim.Instance.InstanceId)
            {
                ClaimId = claim.ClaimId,
                Vcpus = claim.Resources["VCPU"],
                MemoryMb = claim.Resources["MEMORY_MB"],
                Cell = claim.NumaCells.FirstOrDefault()?.HostCellId ?? 0,
                Cpus = [.. claim.NumaCells.SelectMany(cell => cell.Pinning.OrderBy(pin => pin.Key).Select(pin => pin.Value))],
                Devices = [.. claim.Devices.Select(device => device.Address)],
            });
        }
    }

    /// <summary>Lets things happen that the service is not told of.</summary>
    public void Drift()
    {
        foreach (var gone in Guests.Where(_ => random.Next(8) == 0).ToList())
        {
            Guests.Remove(gone);
            Orphans.Add(gone.ClaimId);
        }

        for (var i = random.Next(3); i > 0; i--)
            Guests.Add(new Guest(Unique.Id("stranger")));
        foreach (var guest in Guests)
        {
            guest.Oddity = random.Next(2) == 0 ? Oddity.None : random.GetItems(Enum.GetValues<Oddity>(), 1)[0];
            if (guest.Oddity != Oddity.NamedTwice && random.Next(2) == 0)
                (guest.Vcpus, guest.MemoryMb) = (random.Next(1, 5), random.Next(1, 5) * 64);
        }

        DealDevices();
        DealCpus();
    }

    /// <summary>What its agent reports, as of now.</summary>
    public async Task<AuditNodeRequest> ReportAsync()
    {
        _report ??= Report();
        _report.ObservedGeneration = (await clients.Nodes.GetNodeAsync(new GetNodeRequest { NodeId = NodeId })).Node.Generation;
        return _report;
    }

    /// <summary>The instances' own claims on the node.</summary>
    public async Task<IReadOnlyList<Claim>> ClaimsAsync() =>
        [
            .. (await clients.Claims.ListClaimsAsync(new ListClaimsRequest { NodeId = NodeId, States = { ClaimState.Active, ClaimState.Held } })).Claims
                .Where(claim => claim.Role != ClaimRole.Observed),
        ];

    /// <summary>Claims whatever is still given away, and gives what was.</summary>
    public async Task<(List<int> Cpus, List<string> Devices)> ClaimTheRestAsync()
    {
        var batch = new ClaimInstancesRequest();
        for (var i = 0; i < 3 * _devices.Length; i++)
        {
            var claim = Requests.Claim(NodeId, memoryMb: 1);
            if (i % 3 > 0)
                Pin(claim, 1);
            else
                claim.Resources.Devices.Add(AnyDevice(1));
            batch.Requests.Add(claim);
        }

        var given = (await clients.Claims.ClaimInstancesAsync(batch)).Results.Select(result => result.Claim).OfType<Claim>().ToList();
        return (
            [.. given.SelectMany(claim => claim.NumaCells).SelectMany(cell => cell.Pinning.Values)],
            [.. given.SelectMany(claim => claim.Devices).Select(device => device.Address)]);
    }

    private AuditNodeRequest Report()
    {
        var report = new AuditNodeRequest
        {
            NodeId = NodeId,
            Mode = AuditMode.Heal,
            ConfirmedOrphanCount = Orphans.Count,
            Scopes = { AuditScope.Inventories, AuditScope.NumaTopology, AuditScope.Devices, AuditScope.Instances },
            Inventories = { _spec.Inventories },
            NumaTopology = _spec.NumaTopology.Clone(),
            Devices = { _spec.Devices },
            Instances = { Guests.SelectMany(guest => guest.ToReport(random)) },
        };
        if (random.Next(4) == 0)
            report.Devices.Add(new Device { Address = "0.0.1a2b", VendorId = "ccw", ProductId = "", Type = DeviceType.Pci });
        if (random.Next(4) == 0)
            report.Devices.Add(new Device { Address = _devices[0], VendorId = "10de", ProductId = "no", Type = DeviceType.Vf });
        if (random.Next(4) == 0)
            report.Inventories.Add("vcpu_of_the_host", new Inventory { Total = 1 });
        if (random.Next(4) == 0)
            report.Inventories["VCPU"] = new Inventory { Total = -5 };
        if (random.Next(4) == 0)
            report.NumaTopology.Cells[random.Next(2)].MemoryMb = -1;
        if (random.Next(4) == 0)
            report.Instances.Add(new ObservedInstance { Instance = new Instance { InstanceId = $"virtual machine {random.Next(3)}" } });
        return report;
    }

    // Whose report hides them keeps them; the others may have exchanged theirs.
    private void DealDevices()
    {
        if (random.Next(2) == 0)
            return;
        var free = _devices.Except(Guests.Where(guest => guest.HidesDevices).SelectMany(guest => guest.Devices)).ToArray();
        random.Shuffle(free);
        var left = new Queue<string>(free);
        foreach (var guest in Guests.Where(guest => !guest.HidesDevices))
            guest.Devices = [.. Enumerable.Range(0, random.Next(3)).Select(_ => left.TryDequeue(out var device) ? device : null).OfType<string>()];
    }

    private void DealCpus()
    {
        if (random.Next(2) == 0)
            return;
        var kept = Guests.Where(guest => guest.HasOddCells).SelectMany(guest => guest.Cpus).ToHashSet();
        var left = _dedicated.Select(cpus =>
        {
            var free = cpus.Where(cpu => !kept.Contains(cpu)).ToArray();
            random.Shuffle(free);
            return new Queue<int>(free);
        }).ToArray();
        foreach (var guest in Guests.Where(guest => !guest.HasOddCells && (guest.Cpus.Count > 0 || guest.ClaimId.Length == 0)))
        {
            var (cell, count) = (random.Next(2), random.Next(1, 3));
            if (left[cell].Count < count)
                cell = 1 - cell;
            // Unpinned guests report no cells, which says nothing of their CPUs.
            if (left[cell].Count >= count)
                (guest.Cell, guest.Cpus) = (cell, [.. Enumerable.Range(0, count).Select(_ => left[cell].Dequeue())]);
            else if (guest.Cpus.Count > 0)
                throw new InvalidOperationException("Two CPUs for each of seven guests are more than twelve.");
        }
    }

    private ClaimInstanceRequest AnyClaim()
    {
        var claim = Requests.Claim(NodeId, vcpus: random.Next(1, 4), memoryMb: random.Next(1, 5) * 64);
        if (random.Next(2) == 0)
            Pin(claim, random.Next(1, 3));
        if (random.Next(2) == 0)
            claim.Resources.Devices.Add(AnyDevice(random.Next(1, 3)));
        return claim;
    }

    private static void Pin(ClaimInstanceRequest claim, int count) => claim.Resources.Numa = new NumaRequest
    {
        CpuPolicy = CpuPolicy.Dedicated,
        Cells = { new NumaCellRequest { DedicatedVcpus = { Enumerable.Range(0, count) }, MemoryMb = 64 } },
    };

    private static DeviceRequest AnyDevice(int count) =>
        new() { Name = "card", Count = count, Alternatives = { new DeviceSpec { VendorId = "10de" } } };

    private static RegisterNodeRequest Spec()
    {
        var spec = Requests.Node(vcpus: 64, memoryMb: 16_384);
        spec.NumaTopology = new NumaTopology();
        foreach (var (i, cpus) in _dedicated.Index())
            spec.NumaTopology.Cells.Add(new NumaCell { CellId = i, SharedCpus = { 8 * i, (8 * i) + 1 }, DedicatedCpus = { cpus }, MemoryMb = 8_192 });
        spec.Devices.Add(_devices.Select(address => new Device { Address = address, VendorId = "10de", ProductId = "2331", Type = DeviceType.Pci }));
        return spec;
    }
}
