using ResourceService.Server.Security;

namespace ResourceService.Server.Grpc;

/// <summary>How waiting for a turn ended.</summary>
internal enum WorkTurn
{
    /// <summary>It is the call's turn; it gives it back with <see cref="WorkGate.Leave"/>.</summary>
    Begun,

    /// <summary>Too many calls of the address wait already.</summary>
    Refused,

    /// <summary>The caller left, or its deadline passed.</summary>
    GivenUp,
}

/// <summary>
/// Lets few calls at a time do work that takes milliseconds of a core, so that others, which take microseconds, never find all threads taken and a
/// thousand such calls before them. Who waits holds no thread, and costs nothing any more when its caller leaves. Addresses take turns: one that asks
/// for much waits for itself. Safe for any thread.
/// </summary>
/// <param name="turns">How many work at a time.</param>
internal sealed class WorkGate(int turns)
{
    // A few seconds of work, and about 10 MiB of calls that wait; who lets them wait bounds what their requests hold.
    private const int WaitingMax = 1_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<ClientAddress, Line> _lines = [];
    private readonly Queue<Line> _next = new();
    private int _free = turns;

    /// <summary>Waits for a turn.</summary>
    public async ValueTask<WorkTurn> EnterAsync(ClientAddress address, CancellationToken cancellation)
    {
        Waiter waiter;
        lock (_lock)
        {
            if (cancellation.IsCancellationRequested)
                return WorkTurn.GivenUp;
            if (_free > 0)
            {
                _free--;
                return WorkTurn.Begun;
            }

            if (!_lines.TryGetValue(address, out var line))
            {
                _lines[address] = line = new Line(address);
                _next.Enqueue(line);
            }

            if (line.Waiting == WaitingMax)
                return WorkTurn.Refused;
            line.Waiting++;
            line.Waiters.Enqueue(waiter = new Waiter(line));
        }

        await using (cancellation.UnsafeRegister(static (state, _) => ((Action)state!)(), (Action)(() => GiveUp(waiter))))
            return await waiter.Turn.Task;
    }

    /// <summary>Gives the turn to the next address's first call.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            while (_next.TryDequeue(out var line))
            {
                var isGiven = false;
                // Who gave up is still there: to take it out from the middle would cost more.
                while (!isGiven && line.Waiters.TryDequeue(out var waiter))
                    isGiven = waiter.Turn.TrySetResult(WorkTurn.Begun);
                if (isGiven)
                    line.Waiting--;
                if (line.Waiters.Count > 0)
                    _next.Enqueue(line);
                else
                    _lines.Remove(line.Address);
                if (isGiven)
                    return;
            }

            _free++;
        }
    }

    private void GiveUp(Waiter waiter)
    {
        lock (_lock)
        {
            if (waiter.Turn.TrySetResult(WorkTurn.GivenUp))
                waiter.Line.Waiting--;
        }
    }

    // The calls of one address, and how many of them have not given up.
    private sealed class Line(ClientAddress address)
    {
        public ClientAddress Address => address;

        public Queue<Waiter> Waiters { get; } = new();

        public int Waiting { get; set; }
    }

    private sealed class Waiter(Line line)
    {
        public Line Line => line;

        public TaskCompletionSource<WorkTurn> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
