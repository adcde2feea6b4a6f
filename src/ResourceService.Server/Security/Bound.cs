namespace ResourceService.Server.Security;

/// <summary>
/// How much there may be of something that is taken and given back. May be a part of a larger one, of which is taken and given back what is of this.
/// Asked before it is taken, so callers at the same moment may go beyond it by one each. Safe for any thread.
/// </summary>
/// <param name="max">How much there may be.</param>
/// <param name="whole">What it is a part of.</param>
internal sealed class Bound(long max, Bound? whole = null)
{
    private long _taken;

    /// <summary>Whether more may be taken.</summary>
    /// <param name="share">By who takes no more than this share of all.</param>
    public bool HasRoom(double share = 1) => Volatile.Read(ref _taken) < max * share && whole?.HasRoom(share) != false;

    /// <summary>Takes some.</summary>
    public void Take(long amount)
    {
        Interlocked.Add(ref _taken, amount);
        whole?.Take(amount);
    }

    /// <summary>Gives back what was taken.</summary>
    public void GiveBack(long amount) => Take(-amount);
}
