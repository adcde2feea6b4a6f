using System.Diagnostics;

namespace ResourceService.Testing;

/// <summary>Waits for what happens by itself, such as the end of a lease: asks again and again until a bound, and then says what was awaited.</summary>
public static class Eventually
{
    // Far above what anything takes: a machine that is busy with other work must not fail a test.
    private static readonly TimeSpan _within = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _betweenAsks = TimeSpan.FromMilliseconds(20);

    /// <summary>Ends when the condition holds.</summary>
    /// <param name="awaited">What is awaited, for the message of the failure.</param>
    /// <param name="holds">Whether it is so.</param>
    /// <param name="within">How long to ask; a minute when not given.</param>
    /// <param name="betweenAsks">How long between two asks; 20 milliseconds when not given.</param>
    public static async Task HoldsAsync(string awaited, Func<Task<bool>> holds, TimeSpan? within = null, TimeSpan? betweenAsks = null)
    {
        ArgumentNullException.ThrowIfNull(holds);
        var watch = Stopwatch.StartNew();
        while (!await holds())
        {
            if (watch.Elapsed > (within ?? _within))
                throw new TimeoutException($"Waited {watch.Elapsed.TotalSeconds:f1} s in vain until {awaited}.");
            await Task.Delay(betweenAsks ?? _betweenAsks);
        }
    }

    /// <summary>The task's end, or a failure that says what did not happen.</summary>
    public static async Task<T> ArrivesAsync<T>(string awaited, Task<T> task, TimeSpan? within = null)
    {
        ArgumentNullException.ThrowIfNull(task);
        try
        {
            return await task.WaitAsync(within ?? _within);
        }
        catch (TimeoutException cause)
        {
            throw new TimeoutException($"Waited {(within ?? _within).TotalSeconds:f1} s in vain until {awaited}.", cause);
        }
    }
}
