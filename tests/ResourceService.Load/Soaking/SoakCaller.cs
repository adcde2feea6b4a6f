using Grpc.Core;
using ResourceService.Load.Driving;
using ResourceService.Load.Wire;

namespace ResourceService.Load.Soaking;

/// <summary>
/// One caller with instances of its own, one call at a time: what it knows of them is therefore certain, also when the server was killed in between.
/// </summary>
internal sealed class SoakCaller
{
    private readonly int _number;
    private readonly StepIds _ids;
    private readonly SoakCounts _counts;
    private readonly RandomSequence _random;
    private readonly SoakClaims _claims;
    private readonly SoakMoves _moves;
    private readonly SoakReads _reads;
    private long _stepCount;

    public SoakCaller(int number, SoakClients clients, SoakFleet fleet, SoakSettings settings, SoakCounts counts)
    {
        _number = number;
        _ids = new StepIds(settings.Seed, startRevision: 0);
        _counts = counts;
        _random = new RandomSequence(RandomSequence.Mix(((ulong)settings.Seed << 32) + (ulong)number));
        Record = new SoakRecord((settings.InstanceCount / settings.CallerCount) + (number < settings.InstanceCount % settings.CallerCount ? 1 : 0));
        _claims = new SoakClaims(clients, fleet, Record, _random);
        _moves = new SoakMoves(clients, fleet, _random);
        _reads = new SoakReads(clients, fleet, _random);
    }

    public SoakRecord Record { get; }

    /// <summary>Takes steps in the rhythm of the pacer until told to stop; each is carried to its answer. Returns what is wrong, or null.</summary>
    public async Task<string?> RunAsync(Pacer pacer, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await pacer.NextAsync();
            if (stop.IsCancellationRequested)
            {
                break;
            }
            var (step, instance) = SoakMix.Next(Record, _random);
            var name = $"i-{_number}-{_stepCount++}";
            try
            {
                await TakeAsync(step, instance, name, _ids.Of(name, step.ToString()));
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.ResourceExhausted && MayBeRefused(step))
            {
                _counts.CountRefused();
            }
            catch (RpcException e) when (e.StatusCode != StatusCode.Cancelled)
            {
                return $"{Describe(step, instance, name)}: {e.StatusCode}, {e.Status.Detail}";
            }
            catch (Exception e) when (e is WrongAnswerException or TimeoutException)
            {
                return $"{Describe(step, instance, name)}: {e.Message}";
            }
            _counts.CountAnswered(step);
        }
        return null;
    }

    private Task TakeAsync(SoakStep step, SoakInstance? instance, string name, string requestId) =>
        step switch
        {
            SoakStep.Claim => _claims.ClaimAsync(name, requestId),
            SoakStep.LetExpire => _claims.LetExpireAsync(name, requestId),
            SoakStep.Confirm => _claims.ConfirmAsync(instance!, requestId),
            SoakStep.Renew => _claims.RenewAsync(instance!, requestId),
            SoakStep.Abort => _claims.AbortAsync(instance!, requestId),
            SoakStep.Release => _claims.ReleaseAsync(instance!, requestId),
            SoakStep.UpdateInstance => _claims.UpdateAsync(instance!, requestId),
            SoakStep.ReadClaim => _claims.ReadAsync(instance!),
            SoakStep.Resize => _moves.ResizeAsync(instance!, requestId),
            SoakStep.Migrate => _moves.MigrateAsync(instance!, requestId),
            SoakStep.UpdateMove => _moves.UpdateAsync(instance!, instance!.Move!, requestId),
            SoakStep.ConfirmMove => _moves.ConfirmAsync(instance!, instance!.Move!, requestId),
            SoakStep.RevertMove => _moves.RevertAsync(instance!, instance!.Move!, requestId),
            SoakStep.FailMove => _moves.FailAsync(instance!, instance!.Move!, requestId),
            SoakStep.ReadNode => _reads.NodeAsync(),
            SoakStep.FindCandidates => _reads.CandidatesAsync(),
            SoakStep.Audit => _reads.AuditAsync(requestId),
            _ => throw new ArgumentOutOfRangeException(nameof(step), step, "no such step"),
        };

    private static bool MayBeRefused(SoakStep step) => step is SoakStep.Claim or SoakStep.LetExpire or SoakStep.Resize or SoakStep.Migrate;

    private static string Describe(SoakStep step, SoakInstance? instance, string name) =>
        instance is null ? $"{step} of {name}" : $"{step} of {instance.InstanceId} ({instance.Claim.ClaimId} on {instance.Claim.NodeId}) as {name}";
}
