using Google.Protobuf;

namespace ResourceService.Server.Tests.Simulation;

/// <summary>
/// Makes one call after the other and holds every answer against the model: which errors are right, and what is held afterwards. What was accepted
/// can be sent again, with its id, and must be answered as the first time.
/// </summary>
internal sealed class FleetCaller(SimulatedService service, Random random, int nodes, int instances)
{
    private const int RememberedMax = 50;

    // Calls that were accepted, with their answers.
    private readonly List<(IMessage Answer, Func<ServiceClients, Task<IMessage>> Again)> _accepted = [];

    public Random Random => random;

    public FleetModel Model { get; } = new();

    /// <summary>Names that nodes can have.</summary>
    public IReadOnlyList<string> Nodes { get; } = [.. Enumerable.Range(1, nodes).Select(number => $"sim-{number}")];

    /// <summary>Calls answered so far, by what they were and how they ended.</summary>
    public SortedDictionary<string, int> Counts { get; } = new(StringComparer.Ordinal);

    public string AnyNode() => Nodes[random.Next(nodes)];

    public string AnyInstance() => $"instance-{random.Next(instances)}";

    /// <summary>Mostly one that lives.</summary>
    public ModelClaim? AnyClaim() => Any(random.Next(10) == 0
        ? Model.Claims.Values.Where(claim => !claim.IsLive)
        : Model.Live.Where(claim => claim.State == ClaimState.Held));

    /// <summary>Mostly one in flight.</summary>
    public ModelMove? AnyMove()
    {
        var ended = random.Next(6) == 0;
        return Any(Model.Moves.Values.Where(move => move.InFlight != ended));
    }

    /// <summary>One of some; null when there is none.</summary>
    public T? Any<T>(IEnumerable<T> some)
        where T : class
    {
        var list = some.ToList();
        return list.Count == 0 ? null : list[random.Next(list.Count)];
    }

    /// <summary>Asks for something that changes nothing.</summary>
    public Task<T> ReadAsync<T>(Func<ServiceClients, Task<T>> call) => service.AnswerAsync(call);

    /// <summary>Makes a call. With any reason to refuse it must be refused for one of them; without one it must be accepted.</summary>
    /// <param name="what">The call, for the counts and for people.</param>
    /// <param name="errors">The reasons to refuse.</param>
    /// <param name="call">Sends the call, with its id.</param>
    /// <param name="accepted">What follows when it is accepted.</param>
    /// <param name="canRepeat">Whether an answer must be the same as long as it is remembered; the parts of a batch that were refused are not.</param>
    public async Task CallAsync<T>(
        string what, IReadOnlyCollection<string> errors, Func<ServiceClients, Task<T>> call, Action<T> accepted, Func<T, bool>? canRepeat = null)
        where T : IMessage
    {
        T answer;
        try
        {
            answer = await service.AnswerAsync(call);
        }
        catch (RpcException cause)
        {
            var failure = RpcFailure.Of(cause);
            Assert.True(errors.Contains(failure.Reason), $"{what}: expected {(errors.Count == 0 ? "success" : string.Join(" or ", errors))}, got {failure}");
            Count(what, failure.Reason);
            return;
        }

        Assert.True(errors.Count == 0, $"{what}: expected {string.Join(" or ", errors)}, was accepted: {answer}");
        accepted(answer);
        Count(what, "accepted");
        if (canRepeat?.Invoke(answer) == false)
            return;
        if (_accepted.Count == RememberedMax)
            _accepted.RemoveAt(random.Next(RememberedMax));
        _accepted.Add((answer, async again => await call(again)));
    }

    /// <summary>Sends again one of the calls that were accepted.</summary>
    public async Task RepeatAsync()
    {
        if (_accepted.Count == 0)
            return;
        var (answer, again) = _accepted[random.Next(_accepted.Count)];
        Assert.Equal(answer, await service.AnswerAsync(again));
        Count("repeated", "as the first time");
    }

    public void Count(string what, string how) => Counts[$"{what}: {how}"] = Counts.GetValueOrDefault($"{what}: {how}") + 1;
}
