namespace ResourceService.Server.Tests.ListAudits;

public sealed class WhenAuditsAreListed(SharedService service) : AuditTest(service)
{
    [Fact]
    public async Task Audits_are_kept_as_they_were_answered()
    {
        var node = await RegisterAsync();
        var report = await ReportAsync(node.NodeId, AuditMode.Report);
        report.Instances.Add(Stranger());
        report.ObserveTime = new() { Seconds = 1_700_000_000 };
        var audit = await AuditAsync(report);

        Assert.Equal(audit, (await Audits.GetAuditAsync(new GetAuditRequest { AuditId = audit.AuditId })).Audit);
        Assert.Equal(report.ObserveTime, audit.ObserveTime);
        await Expect.ErrorAsync(Audits.GetAuditAsync(new GetAuditRequest { AuditId = "a-1-999999999" }), StatusCode.NotFound, "AUDIT_NOT_FOUND");
    }

    [Fact]
    public async Task The_newest_come_first_without_their_drifts_and_filters_must_all_hold()
    {
        var node = await RegisterAsync();
        var report = await ReportAsync(node.NodeId, AuditMode.Report);
        var made = new List<Audit>();
        for (var i = 0; i < 5; i++)
        {
            report.RequestId = "";
            report.Instances.Clear();
            if (i % 2 == 0)
                report.Instances.Add(Stranger());
            made.Insert(0, await AuditAsync(report));
        }

        var all = await ListAsync(new() { NodeId = node.NodeId });
        Assert.Equal(made.Select(audit => (audit.AuditId, audit.DriftCount)), all.Select(audit => (audit.AuditId, audit.DriftCount)));
        Assert.All(all, audit => Assert.Empty(audit.Drifts));
        Assert.Equal([all[0], all[2], all[4]], await ListAsync(new() { NodeId = node.NodeId, DriftOnly = true }));
        Assert.Equal(all, await ListAsync(new() { NodeId = node.NodeId, StartTime = all[^1].AuditTime }));
        Assert.Empty(await ListAsync(new() { NodeId = node.NodeId, EndTime = all[^1].AuditTime }));
        Assert.Empty(await ListAsync(new() { NodeId = "never-registered" }));
        Assert.Contains(all[0].AuditId, (await ListAsync(new() { StartTime = all[^1].AuditTime, PageSize = 1000 })).Select(audit => audit.AuditId));

        var request = new ListAuditsRequest { NodeId = node.NodeId, PageSize = 2 };
        var paged = new List<Audit>();
        do
        {
            var page = await Audits.ListAuditsAsync(request);
            Assert.InRange(page.Audits.Count, 1, 2);
            paged.AddRange(page.Audits);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        Assert.Equal(all, paged);
    }

    private async Task<IReadOnlyList<Audit>> ListAsync(ListAuditsRequest request) => (await Audits.ListAuditsAsync(request)).Audits;
}
