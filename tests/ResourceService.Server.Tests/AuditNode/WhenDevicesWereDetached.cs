namespace ResourceService.Server.Tests.AuditNode;

public sealed class WhenDevicesWereDetached(SharedService service) : AuditTest(service)
{
    private const string First = "0000:3b:02.0";
    private const string Second = "0000:3b:02.1";

    [Fact]
    public async Task Exchanged_ones_are_given_to_who_has_them_and_go_to_nobody_else()
    {
        var node = await RegisterWithFunctionsAsync();
        var (i, j) = (await WithFunctionsAsync(node, 1), await WithFunctionsAsync(node, 1));
        Assert.Equal((Second, First), (Assert.Single(i.Devices).Address, Assert.Single(j.Devices).Address));

        var audit = await AuditAsync(await InstancesAsync(node, (i, [First]), (j, [Second])));

        Assert.Equal(4, audit.DriftCount);
        Assert.All(Summary(audit), drift => Assert.Equal((DriftKind.UsageMismatch, DriftAction.ClaimCorrected), drift));
        await AssertDevicesAsync(i, First);
        await AssertDevicesAsync(j, Second);
        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = i.Instance.InstanceId });
        Assert.Equal(First, Assert.Single((await WithFunctionsAsync(node, 1)).Devices).Address);
    }

    [Fact]
    public async Task A_detached_one_is_free_again()
    {
        var node = await RegisterWithFunctionsAsync();
        var claim = await WithFunctionsAsync(node, 2);

        var drift = Assert.Single((await AuditAsync(await InstancesAsync(node, (claim, [First])))).Drifts);

        Assert.Equal((DriftKind.UsageMismatch, DriftAction.ClaimCorrected, Second), (drift.Kind, drift.Action, drift.DeviceAddress));
        await AssertDevicesAsync(claim, First);
        Assert.Equal(Second, Assert.Single((await WithFunctionsAsync(node, 1)).Devices).Address);
    }

    [Fact]
    public async Task A_report_that_does_not_know_devices_takes_none()
    {
        var node = await RegisterWithFunctionsAsync();
        var claim = await WithFunctionsAsync(node, 1);
        var report = await InstancesAsync(node, (claim, []));

        Assert.Equal([(DriftKind.DeviceMissing, DriftAction.Reported)], Summary(await AuditAsync(report)));
        report.Instances[0].DevicesKnown = false;
        report.RequestId = "";
        Assert.Empty((await AuditAsync(report)).Drifts);
        await AssertDevicesAsync(claim, Second);

        report.Instances[0].DevicesKnown = true;
        Assert.Equal([(DriftKind.UsageMismatch, DriftAction.ClaimCorrected)], Summary(await AuditAsync(report)));
        await AssertDevicesAsync(claim);
    }

    [Fact]
    public async Task Emulator_CPUs_and_siblings_stay_unless_the_host_says_otherwise()
    {
        var request = Requests.Node();
        request.NumaTopology = new NumaTopology
        {
            Cells =
            {
                new NumaCell
                {
                    DedicatedCpus = { 0, 1, 2, 3 }, MemoryMb = 1_024, ThreadSiblings = { new CpuSet { Cpus = { 0, 1 } }, new CpuSet { Cpus = { 2, 3 } } },
                },
            },
        };
        await Nodes.RegisterNodeAsync(request);
        var report = await ReportAsync(request.NodeId);
        var cell = new ObservedNumaCell { Pinning = { [0] = 0 }, EmulatorCpus = { 2 }, MemoryMb = 64 };
        report.Instances.Add(Stranger());
        report.Instances[0].NumaCells.Add(cell);
        report.Instances[0].ThreadPolicy = CpuThreadPolicy.Isolate;
        Assert.Equal([(DriftKind.UntrackedInstance, DriftAction.InstanceAdopted)], Summary(await AuditAsync(report)));
        Assert.Equal([3], await FreeCpusAsync(request.NodeId));

        (report.RequestId, report.ObservedGeneration) = ("", (await GetAsync(request.NodeId)).Generation);
        cell.EmulatorCpus.Clear();
        report.Instances[0].ThreadPolicy = CpuThreadPolicy.Unspecified;
        Assert.Empty((await AuditAsync(report)).Drifts);
        // Libvirt's default: the emulator runs where the vCPUs do.
        cell.EmulatorCpus.Add(0);
        Assert.Equal([(DriftKind.PinningMismatch, DriftAction.ClaimCorrected)], Summary(await AuditAsync(report)));
        Assert.Equal([2, 3], await FreeCpusAsync(request.NodeId));
    }

    private async Task<IEnumerable<int>> FreeCpusAsync(string nodeId)
    {
        var free = new List<int>();
        for (var i = 0; i < 4; i++)
        {
            var claim = Requests.Claim(nodeId);
            claim.Resources.Numa = new NumaRequest { CpuPolicy = CpuPolicy.Dedicated, Cells = { new NumaCellRequest { DedicatedVcpus = { 0 }, MemoryMb = 1 } } };
            try
            {
                free.AddRange((await Claims.ClaimInstanceAsync(claim)).Claim.NumaCells[0].Pinning.Values);
            }
            catch (RpcException refused) when (refused.StatusCode == StatusCode.ResourceExhausted)
            {
                break;
            }
        }

        foreach (var claim in (await Claims.ListClaimsAsync(new ListClaimsRequest { NodeId = nodeId, States = { ClaimState.Held } })).Claims)
            await Claims.AbortClaimAsync(new AbortClaimRequest { ClaimId = claim.ClaimId });
        return free.Order();
    }

    private async Task<string> RegisterWithFunctionsAsync()
    {
        var request = Requests.Node();
        request.Devices.Add(new Device { Address = "0000:3b:00.0", VendorId = "8086", ProductId = "1572", Type = DeviceType.Pf });
        foreach (var address in new[] { First, Second })
            request.Devices.Add(new Device { Address = address, VendorId = "8086", ProductId = "154c", Type = DeviceType.Vf, ParentAddress = "0000:3b:00.0" });
        await Nodes.RegisterNodeAsync(request);
        return request.NodeId;
    }

    private async Task<Claim> WithFunctionsAsync(string nodeId, int count)
    {
        var request = Requests.Claim(nodeId);
        request.Resources.Devices.Add(new DeviceRequest { Name = "v", Count = count, Alternatives = { new DeviceSpec { Type = DeviceType.Vf } } });
        var claim = (await Claims.ClaimInstanceAsync(request)).Claim;
        return (await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId })).Claim;
    }

    // A report of the instances alone, as in the field.
    private async Task<AuditNodeRequest> InstancesAsync(string nodeId, params (Claim Claim, string[] Devices)[] seen)
    {
        var report = new AuditNodeRequest
        {
            NodeId = nodeId,
            Mode = AuditMode.Heal,
            ObservedGeneration = (await GetAsync(nodeId)).Generation,
            Scopes = { AuditScope.Instances },
        };
        foreach (var (claim, devices) in seen)
            report.Instances.Add(new ObservedInstance { Instance = claim.Instance, Resources = { claim.Resources }, DeviceAddresses = { devices } });
        return report;
    }

    private async Task AssertDevicesAsync(Claim claim, params string[] expected) =>
        Assert.Equal(expected, (await GetClaimAsync(claim.ClaimId)).Devices.Select(device => device.Address));
}
