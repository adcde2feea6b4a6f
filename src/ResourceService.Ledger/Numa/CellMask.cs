using System.Numerics;

namespace ResourceService.Ledger.Numa;

/// <summary>A set of places of host cells, a bit each: two words, because one would bound a host to 64 cells.</summary>
internal readonly record struct CellMask(ulong Low, ulong High)
{
    public const int PlacesMax = 128;

    private const int WordBits = 64;

    public bool IsEmpty => (Low | High) == 0;

    /// <summary>The lowest place of a set that is not empty.</summary>
    public int Lowest => Low != 0 ? BitOperations.TrailingZeroCount(Low) : WordBits + BitOperations.TrailingZeroCount(High);

    public static CellMask operator &(CellMask one, CellMask other) => new(one.Low & other.Low, one.High & other.High);

    public static CellMask operator |(CellMask one, CellMask other) => new(one.Low | other.Low, one.High | other.High);

    /// <summary>The places from 0 on, so many of them.</summary>
    public static CellMask First(int count) => count == 0 ? default
        : count <= WordBits ? new CellMask(ulong.MaxValue >> (WordBits - count), 0)
        : new CellMask(ulong.MaxValue, ulong.MaxValue >> (PlacesMax - count));

    public bool Contains(int place) => ((place < WordBits ? Low : High) & (1UL << (place % WordBits))) != 0;

    public CellMask With(int place) => place < WordBits
        ? this with { Low = Low | (1UL << place) }
        : this with { High = High | (1UL << (place - WordBits)) };

    public CellMask Without(CellMask other) => new(Low & ~other.Low, High & ~other.High);

    public CellMask WithoutLowest() => Low != 0 ? this with { Low = Low & (Low - 1) } : this with { High = High & (High - 1) };

    /// <summary>The places of this set that come after one.</summary>
    public CellMask After(int place) => Without(First(place + 1));
}
