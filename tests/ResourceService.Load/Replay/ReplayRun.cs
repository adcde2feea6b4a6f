using System.Diagnostics;
using Grpc.Core;
using Grpc.Net.Client;
using ResourceService.Load.Checking;
using ResourceService.Load.Servers;
using ResourceService.Load.Wire;
using ResourceService.V1;

namespace ResourceService.Load.Replay;

/// <summary>Replays a trace: registers its nodes, runs its steps in time order, and stops at the first checkpoint that finds a disagreement.</summary>
internal sealed class ReplayRun
{
    private readonly ReplaySettings _settings;
    private readonly IReadOnlyList<NodeRow> _nodes;
    private readonly ReplayPlan _plan;
    private readonly NodeService.NodeServiceClient _nodeService;
    private readonly ClaimService.ClaimServiceClient _claimService;
    private readonly RetryingCalls _calls;
    private readonly LedgerListing _listing;
    private readonly LedgerCheck _check;
    private readonly ServerCrasher _crasher;
    private readonly ReplayCounts _counts = new();
    private readonly ReplayModel _model = new();
    private readonly List<string> _disagreements = [];
    private readonly List<double> _restartMs = [];
    private readonly Stopwatch _replaying = new();
    private readonly CancellationToken _cancellationToken;

    public ReplayRun(
        GrpcChannel channel, ServerUnderTest server, IReadOnlyList<NodeRow> nodes, ReplayPlan plan, ReplaySettings settings,
        CancellationToken cancellationToken)
    {
        _settings = settings;
        _nodes = nodes;
        _plan = plan;
        _cancellationToken = cancellationToken;
        _nodeService = new NodeService.NodeServiceClient(channel);
        _claimService = new ClaimService.ClaimServiceClient(channel);
        _calls = new RetryingCalls(settings.RetryTime, _counts.CountRetried, cancellationToken);
        _listing = new LedgerListing(_nodeService, _claimService, _calls);
        _check = new LedgerCheck(_listing, new AuditService.AuditServiceClient(channel), _calls, _model.LiveClaims);
        _crasher = new ServerCrasher(server, settings.KillAfter);
    }

    public long StepsAnswered => _counts.StepCount;

    public async Task<ReplayReport> RunAsync()
    {
        var revision = await RegisterAsync();
        var steps = new ReplaySteps(_claimService, _calls, new StepIds(_settings.Seed, revision), _settings.Strategy, _model, _counts)
        {
            Room = new FleetRoom([.. _nodes.Select(TraceMapping.ToRegistration)]),
            ClaimAcknowledged = () => _crasher.ClaimAcknowledged(StepsAnswered, _cancellationToken),
        };
        var nextCheckpoint = (long)_settings.CheckpointEvery;
        var clock = new ReplayClock(_settings.Speed, _plan);
        foreach (var group in _plan.Groups)
        {
            await clock.WaitForAsync(group[0].Time, _cancellationToken);
            _replaying.Start();
            await RunGroupAsync(steps, group);
            _replaying.Stop();
            await CheckAfterCrashAsync(steps);
            if (StepsAnswered >= nextCheckpoint && _disagreements.Count == 0)
            {
                nextCheckpoint = StepsAnswered + _settings.CheckpointEvery;
                _disagreements.AddRange(await _check.RunAsync($"after {StepsAnswered} steps", _settings.VerifyAlways));
            }
            if (_disagreements.Count > 0)
            {
                break;
            }
        }
        if (_disagreements.Count == 0)
        {
            _disagreements.AddRange(await _check.RunAsync("at the end", verify: true));
            if (_crasher.PendingCount > 0)
            {
                _disagreements.Add($"{_crasher.PendingCount} of the kills asked for did not come: the trace ended first.");
            }
        }
        return Report();
    }

    /// <summary>Registers the fleet on a server that holds nothing else, and returns the revision from which the replay begins.</summary>
    private async Task<long> RegisterAsync()
    {
        var fleet = _nodes.Select(node => node.NodeId).ToHashSet(StringComparer.Ordinal);
        var (present, _) = await _listing.NodesAsync();
        var claims = await _listing.LiveClaimsAsync();
        var foreignCount = present.Count(node => !fleet.Contains(node.NodeId));
        if (claims.Count > 0 || foreignCount > 0)
        {
            throw new InvalidOperationException(
                $"The server holds {claims.Count} live claims and {foreignCount} nodes of another fleet; a replay needs a ledger of its own.");
        }
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(16, _settings.InFlight), CancellationToken = _cancellationToken };
        await Parallel.ForEachAsync(
            _nodes,
            parallel,
            async (node, _) => await _calls.CallAsync(options => _nodeService.RegisterNodeAsync(TraceMapping.ToRegistration(node), options)));
        return (await _listing.NodesAsync()).Revision;
    }

    /// <summary>Starts the steps in their order, as many at a time as allowed, and waits for all of them. A release waits for its own claim.</summary>
    private async Task RunGroupAsync(ReplaySteps steps, IReadOnlyList<ReplayStep> group)
    {
        if (group.Count == 1)
        {
            await RunStepAsync(steps, group[0], Task.CompletedTask, isAlone: true);
            return;
        }
        using var free = new SemaphoreSlim(_settings.InFlight);
        var running = new List<Task>(group.Count);
        var claiming = new Dictionary<string, Task>(StringComparer.Ordinal);
        foreach (var step in group)
        {
            await free.WaitAsync(_cancellationToken);
            var ownClaim = claiming.GetValueOrDefault(step.Request.Name, Task.CompletedTask);
            var task = ReleaseAfterAsync(RunStepAsync(steps, step, ownClaim, isAlone: _settings.InFlight == 1), free);
            running.Add(task);
            claiming[step.Request.Name] = task;
        }
        await Task.WhenAll(running);
    }

    private static async Task ReleaseAfterAsync(Task step, SemaphoreSlim free)
    {
        try
        {
            await step;
        }
        finally
        {
            free.Release();
        }
    }

    private async Task RunStepAsync(ReplaySteps steps, ReplayStep step, Task after, bool isAlone)
    {
        await after;
        try
        {
            if (await steps.RunAsync(step, isAlone) is { } wrong)
            {
                Disagree(wrong);
            }
        }
        catch (RpcException e) when (e.StatusCode != StatusCode.Cancelled)
        {
            Disagree($"{(step.IsRelease ? "Release" : "Claim")} of {step.Request.Name}: {e.StatusCode}, {RefusalText.Of(e)}, {e.Status.Detail}");
        }
        _counts.CountStep();
    }

    private void Disagree(string disagreement)
    {
        lock (_disagreements)
        {
            _disagreements.Add(disagreement);
        }
    }

    private async Task CheckAfterCrashAsync(ReplaySteps steps)
    {
        if (await _crasher.WaitForRestartAsync() is not { } startTime)
        {
            return;
        }
        _restartMs.Add(startTime.TotalMilliseconds);
        _disagreements.AddRange(await _check.RunAsync($"after kill {_crasher.KillCount} at step {StepsAnswered}", verify: true));
        _disagreements.AddRange(await steps.AskAgainAsync());
    }

    private ReplayReport Report()
    {
        var capacity = _nodes.SelectMany(node => TraceMapping.ToRegistration(node).Inventories)
            .GroupBy(inventory => inventory.Key, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Sum(inventory => inventory.Value.Total), StringComparer.Ordinal);
        return new ReplayReport
        {
            Nodes = _nodes.Count,
            Requests = _plan.Groups.Sum(group => group.Count(step => !step.IsRelease)),
            Steps = _plan.StepCount,
            StepsAnswered = StepsAnswered,
            Claimed = _counts.ClaimedCount,
            Confirmed = _counts.ConfirmedCount,
            Released = _counts.ReleasedCount,
            Refused = _counts.Refused,
            RefusalsChecked = _counts.CheckedRefusalCount,
            Retried = _counts.Retried,
            PeakUsed = _model.Peak(),
            Capacity = capacity,
            CheckpointsPassed = _check.PassedCount,
            Kills = _crasher.KillCount,
            RestartMs = _restartMs,
            Seconds = _replaying.Elapsed.TotalSeconds,
            ChangesPerSecond = _counts.ChangeCount / _replaying.Elapsed.TotalSeconds,
            VerifyLedger = _check.LastVerification,
            Disagreements = _disagreements,
        };
    }
}
