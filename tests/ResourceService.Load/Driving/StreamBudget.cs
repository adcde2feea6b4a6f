namespace ResourceService.Load.Driving;

/// <summary>How many claims streams may still send: until the window is over, or until a number is reached, in the rhythm of the pacer.</summary>
internal sealed class StreamBudget(DriveWindow window, Pacer pacer, long? claimLimit)
{
    private long _taken;

    /// <summary>Takes one claim and returns the time from which its latency counts; null when there is nothing more to send.</summary>
    public async ValueTask<long?> TakeAsync()
    {
        if (claimLimit is not null && Interlocked.Increment(ref _taken) > claimLimit)
        {
            return null;
        }
        var sentAt = await pacer.NextAsync();
        return sentAt < window.Until ? sentAt : null;
    }
}
