namespace ResourceService.Server.Tests.Simulation;

/// <summary>
/// Audits of pictures of now and of earlier. Only what is wrong in a picture, and did not change since, may be healed, and it must be if it fits.
/// </summary>
internal sealed class AuditSteps(FleetCaller caller)
{
    private const int PicturesMax = 4;

    // Pictures that were taken and have not been sent yet.
    private readonly List<Picture> _earlier = [];

    private FleetModel Model => caller.Model;

    private Random Random => caller.Random;

    public async Task AuditAsync()
    {
        var isEarlier = Random.Next(2) == 0 && _earlier.Count > 0;
        var picture = isEarlier ? Earlier() : await TakeAsync();
        if (picture is null)
            return;
        if (!isEarlier && Random.Next(3) == 0 && _earlier.Count < PicturesMax)
        {
            _earlier.Add(picture);
            return;
        }

        var what = isEarlier ? "AuditNode of earlier" : "AuditNode";
        var mode = Random.Next(4) > 0 ? AuditMode.Heal : AuditMode.Report;
        var request = picture.ToRequest(mode);
        string[] errors = Model.Nodes.ContainsKey(picture.Node) ? [] : ["NODE_NOT_FOUND"];
        await caller.CallAsync(what, errors, clients => clients.Audits.AuditNodeAsync(request).ResponseAsync, answer =>
        {
            var healed = answer.Audit.Drifts
                .Where(drift => drift.Action is DriftAction.ClaimReleased or DriftAction.ClaimCorrected or DriftAction.InstanceAdopted)
                .ToList();
            foreach (var drift in answer.Audit.Drifts)
                caller.Count($"{what}, each drift", drift.Action.ToString());
            if (mode == AuditMode.Report)
                Assert.Empty(healed);
            else
                Heal(picture, healed);
        });
    }

    private Picture Earlier()
    {
        var picture = _earlier[Random.Next(_earlier.Count)];
        _earlier.Remove(picture);
        return picture;
    }

    private async Task<Picture?> TakeAsync()
    {
        var node = caller.AnyNode();
        if (!Model.Nodes.ContainsKey(node))
            return null;
        var seen = await caller.ReadAsync(clients => clients.Nodes.GetNodeAsync(new GetNodeRequest { NodeId = node }).ResponseAsync);
        return Picture.Take(Model, Random, node, seen.Node.Generation, caller.AnyInstance());
    }

    private void Heal(Picture picture, List<Drift> healed)
    {
        if (picture.Wrong == Wrong.Untracked)
        {
            Adopt(picture, healed);
            return;
        }

        if (!CanHeal(picture))
        {
            Assert.Empty(healed);
            return;
        }

        var drift = Assert.Single(healed);
        Assert.Equal((picture.Subject!.Id, picture.Subject.Instance), (drift.ClaimId, drift.InstanceId));
        if (picture.Shown is null)
        {
            Assert.Equal((DriftKind.OrphanedClaim, DriftAction.ClaimReleased), (drift.Kind, drift.Action));
            Model.End(picture.Subject, ClaimState.Released);
            return;
        }

        var kind = picture.Wrong == Wrong.Repinned ? DriftKind.PinningMismatch : DriftKind.UsageMismatch;
        Assert.Equal((kind, DriftAction.ClaimCorrected), (drift.Kind, drift.Action));
        (picture.Subject.Vcpus, picture.Subject.Cpus, picture.Subject.Devices) = (picture.Shown.Vcpus, picture.Shown.Cpus, picture.Shown.Devices);
        Model.Touch(picture.Subject);
    }

    // Whether anything is wrong with a claim that neither moves nor changed since, and there is room for what is shown.
    private bool CanHeal(Picture picture)
    {
        if (picture.Subject is not { IsLive: true } claim || claim.Changed > picture.Time || Model.MoveOf(claim.Instance) is not null)
            return false;
        if (picture.Shown is not { } shown)
            return true;
        var more = shown.Vcpus - claim.Vcpus;
        return !shown.IsAs(claim)
            && (more <= 0 || Model.Used(picture.Node).Vcpus + more <= Model.Nodes[picture.Node].Vcpus)
            && Model.AreFree(picture.Node, shown.Cpus, shown.Devices, own: claim);
    }

    // Nothing is adopted that may have ended since the picture; when that is, is not known exactly after a restart.
    private void Adopt(Picture picture, List<Drift> healed)
    {
        var (node, shown) = (Model.Nodes[picture.Node], picture.Shown!);
        var canAdopt = !Model.Holds(shown.Id)
            && node.Ended <= picture.Time
            && Model.Used(picture.Node).Vcpus + shown.Vcpus <= node.Vcpus
            && Model.AreFree(picture.Node, shown.Cpus, shown.Devices);
        if (!canAdopt || (node.Changed > picture.Time && healed.Count == 0))
        {
            Assert.Empty(healed);
            return;
        }

        var drift = Assert.Single(healed);
        Assert.Equal((DriftKind.UntrackedInstance, DriftAction.InstanceAdopted, shown.Id), (drift.Kind, drift.Action, drift.InstanceId));
        Model.Add(new ModelClaim(drift.ClaimId, picture.Node, shown.Id, ClaimRole.Primary)
        {
            Vcpus = shown.Vcpus,
            Cpus = shown.Cpus,
            Devices = shown.Devices,
            State = ClaimState.Active,
        });
    }
}
