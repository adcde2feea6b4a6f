namespace ResourceService.Server.Tests.AuditNode;

public sealed class WhenAuditsMeetClaims(SharedService service) : AuditTest(service)
{
    [Fact]
    public async Task Claims_made_while_audits_run_are_never_undone()
    {
        var node = await RegisterAsync(vcpus: 1000);
        var claiming = Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            var made = new List<Claim>();
            for (var i = 0; i < 10; i++)
                made.Add(await LivingAsync(node.NodeId));
            return made;
        }));
        // A host that sees none of what was claimed since its picture, which one claim at least always was.
        var sinceThePicture = new List<Claim>();
        do
        {
            var report = await ReportAsync(node.NodeId);
            sinceThePicture.Add(await LivingAsync(node.NodeId));
            var drift = Assert.Single((await AuditAsync(report)).Drifts, drift => drift.ClaimId == sinceThePicture[^1].ClaimId);
            Assert.Equal((DriftKind.OrphanedClaim, DriftAction.SkippedChangedSince), (drift.Kind, drift.Action));
        }
        while (!claiming.IsCompleted);

        var claims = (await claiming).SelectMany(made => made).Concat(sinceThePicture).ToList();
        Assert.Equal(claims.Count, await UsedAsync(node.NodeId));
        Assert.All(await Task.WhenAll(claims.Select(claim => GetClaimAsync(claim.ClaimId))), claim => Assert.Equal(ClaimState.Active, claim.State));
    }

    [Fact]
    public async Task An_instance_adopted_here_and_claimed_there_at_once_gets_one_claim()
    {
        for (var round = 0; round < 20; round++)
        {
            var (node, other) = (await RegisterAsync(), await RegisterAsync());
            var report = await ReportAsync(node.NodeId);
            report.Instances.Add(Stranger());
            var instance = report.Instances[0].Instance.InstanceId;

            var auditing = AuditAsync(report);
            var claim = Requests.Claim(other.NodeId, instance);
            var claiming = Claims.ClaimInstanceAsync(claim).ResponseAsync;
            var audit = await auditing;
            await Task.WhenAny(claiming);

            var adopted = Summary(audit).Single() == (DriftKind.UntrackedInstance, DriftAction.InstanceAdopted);
            Assert.True(adopted || Summary(audit).Single() == (DriftKind.MisplacedInstance, DriftAction.Counted), audit.ToString());
            Assert.Equal(adopted, claiming.IsFaulted);
            // What runs here and is claimed there is used on both.
            Assert.Equal(adopted ? (1, 0) : (1, 1), (await UsedAsync(node.NodeId), await UsedAsync(other.NodeId)));
        }
    }

    [Fact]
    public async Task Two_hosts_that_run_one_instance_do_not_both_adopt_it()
    {
        for (var round = 0; round < 20; round++)
        {
            var instance = Unique.Id("stranger");
            var audits = await Task.WhenAll(Enumerable.Range(0, 2).Select(async _ =>
            {
                var report = await ReportAsync((await RegisterAsync()).NodeId);
                report.Instances.Add(Stranger(instanceId: instance));
                return await AuditAsync(report);
            }));

            Assert.Equal(
                [(DriftKind.UntrackedInstance, DriftAction.InstanceAdopted), (DriftKind.MisplacedInstance, DriftAction.Counted)],
                audits.SelectMany(Summary).OrderBy(drift => drift.Kind));
        }
    }
}
