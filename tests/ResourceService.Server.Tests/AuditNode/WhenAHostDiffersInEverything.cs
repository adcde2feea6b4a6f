namespace ResourceService.Server.Tests.AuditNode;

public sealed class WhenAHostDiffersInEverything(SharedService service) : AuditTest(service)
{
    [Fact]
    public async Task All_drifts_are_counted_and_as_many_told_as_any_client_takes()
    {
        const int Count = 10_000;
        var node = await RegisterAsync();
        var report = new AuditNodeRequest { NodeId = node.NodeId, ObservedGeneration = node.Generation, RequestId = Unique.RequestId() };
        report.Instances.Add(Enumerable.Range(0, Count).Select(i => new ObservedInstance
        {
            Instance = new Instance { InstanceId = $"{new string('i', 240)}-{i:d5}" },
        }));

        var audit = await AuditAsync(report);

        Assert.Equal(Count, audit.DriftCount);
        Assert.InRange(audit.Drifts.Count, 1_000, Count - 1);
        Assert.InRange(audit.CalculateSize(), 1 << 20, 3 << 20);
        Assert.Equal(report.Instances[0].Instance.InstanceId, audit.Drifts[0].InstanceId);
        Assert.Equal(audit, (await Audits.GetAuditAsync(new GetAuditRequest { AuditId = audit.AuditId })).Audit);
        Assert.Equal(audit, await AuditAsync(report));
    }
}
