using System.Collections;

namespace ResourceService.Ledger.Numa;

/// <summary>A set of CPU numbers, ascending, each once. Immutable.</summary>
public sealed class CpuSet : IReadOnlyList<int>, IEquatable<CpuSet>
{
    private readonly int[] _cpus;

    private CpuSet(int[] cpus) => _cpus = cpus;

    /// <summary>No CPU.</summary>
    public static CpuSet Empty { get; } = new([]);

    /// <summary>Takes CPU numbers in any order; repeated ones count once.</summary>
    public static CpuSet From(IEnumerable<int> cpus)
    {
        int[] ordered = [.. cpus.Distinct().Order()];
        return ordered.Length == 0 ? Empty : new CpuSet(ordered);
    }

    /// <inheritdoc/>
    public int Count => _cpus.Length;

    /// <inheritdoc/>
    public int this[int index] => _cpus[index];

    /// <summary>Whether the CPU is one of the set.</summary>
    public bool Contains(int cpu) => Array.BinarySearch(_cpus, cpu) >= 0;

    /// <inheritdoc/>
    public bool Equals(CpuSet? other) => other is not null && _cpus.AsSpan().SequenceEqual(other._cpus);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CpuSet);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var cpu in _cpus)
            hash.Add(cpu);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)_cpus).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _cpus.GetEnumerator();
}
