using System.Collections;
using System.Numerics;

namespace ResourceService.Ledger.Numa;

/// <summary>A set of CPU numbers from 0 on, enumerated ascending. Immutable: a bit per CPU, so that sets are combined word by word.</summary>
public sealed class CpuSet : IReadOnlyCollection<int>, IEquatable<CpuSet>
{
    private const int WordBits = 64;

    // The last word is never 0: equal sets have equal words.
    private readonly ulong[] _words;

    private CpuSet(ulong[] words)
    {
        _words = words;
        foreach (var word in words)
            Count += BitOperations.PopCount(word);
    }

    /// <summary>No CPU.</summary>
    public static CpuSet Empty { get; } = new([]);

    /// <summary>Takes CPU numbers in any order; repeated ones count once.</summary>
    public static CpuSet From(IEnumerable<int> cpus)
    {
        var words = Array.Empty<ulong>();
        foreach (var cpu in cpus)
        {
            Invariant.Require(cpu >= 0, "a CPU number is not negative");
            if (cpu / WordBits >= words.Length)
                Array.Resize(ref words, (cpu / WordBits) + 1);
            words[cpu / WordBits] |= 1UL << (cpu % WordBits);
        }

        return words.Length == 0 ? Empty : new CpuSet(words);
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <summary>The bits, 64 CPUs a word, CPU 0 the lowest of the first; without trailing empty words.</summary>
    public ReadOnlySpan<ulong> Words => _words;

    /// <summary>Whether the CPU is one of the set.</summary>
    public bool Contains(int cpu) => cpu >= 0 && cpu / WordBits < _words.Length && (_words[cpu / WordBits] & (1UL << (cpu % WordBits))) != 0;

    /// <summary>The CPUs of either set.</summary>
    public CpuSet Union(CpuSet other)
    {
        var (longer, shorter) = _words.Length >= other._words.Length ? (this, other) : (other, this);
        if (shorter.Count == 0)
            return longer;
        var words = (ulong[])longer._words.Clone();
        for (var i = 0; i < shorter._words.Length; i++)
            words[i] |= shorter._words[i];
        return new CpuSet(words);
    }

    /// <summary>The CPUs of this set that are not of the other.</summary>
    public CpuSet Except(CpuSet other)
    {
        var words = (ulong[])_words.Clone();
        for (var i = 0; i < Math.Min(words.Length, other._words.Length); i++)
            words[i] &= ~other._words[i];
        return Trimmed(words);
    }

    /// <summary>How many CPUs of this set are not of the other.</summary>
    public int CountExcept(CpuSet other)
    {
        var count = Count;
        for (var i = 0; i < Math.Min(_words.Length, other._words.Length); i++)
            count -= BitOperations.PopCount(_words[i] & other._words[i]);
        return count;
    }

    /// <summary>The CPUs of both sets.</summary>
    public CpuSet Intersect(CpuSet other)
    {
        var words = new ulong[Math.Min(_words.Length, other._words.Length)];
        for (var i = 0; i < words.Length; i++)
            words[i] = _words[i] & other._words[i];
        return Trimmed(words);
    }

    /// <summary>Whether a CPU is in both sets.</summary>
    public bool Overlaps(CpuSet other)
    {
        for (var i = 0; i < Math.Min(_words.Length, other._words.Length); i++)
        {
            if ((_words[i] & other._words[i]) != 0)
                return true;
        }

        return false;
    }

    /// <inheritdoc/>
    public bool Equals(CpuSet? other) => other is not null && _words.AsSpan().SequenceEqual(other._words);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CpuSet);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var word in _words)
            hash.Add(word);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator()
    {
        for (var i = 0; i < _words.Length; i++)
        {
            for (var rest = _words[i]; rest != 0; rest &= rest - 1)
                yield return (i * WordBits) + BitOperations.TrailingZeroCount(rest);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static CpuSet Trimmed(ulong[] words)
    {
        var length = words.Length;
        while (length > 0 && words[length - 1] == 0)
            length--;
        return length == 0 ? Empty : new CpuSet(length == words.Length ? words : words[..length]);
    }
}
