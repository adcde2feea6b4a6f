namespace ResourceService.Load.Wire;

/// <summary>
/// Seeded random numbers for one loop (SplitMix64): a few instructions each, because the client shares its cores with the server it measures.
/// Not for two threads.
/// </summary>
internal sealed class RandomSequence(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A bijection of 64 bits: different inputs give different, random-looking outputs.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    public ulong Next() => Mix(_state += 0x9E3779B97F4A7C15);

    /// <summary>A number from 0 to below the bound. The bias of the multiplication is far below one in a million for fleets of any size.</summary>
    public int Below(int bound) => (int)(((Next() >> 32) * (ulong)bound) >> 32);
}
