using System.Runtime.Intrinsics;

namespace ResourceService.Ledger.Candidates;

/// <summary>
/// Labels as a few bits of a word, so that most nodes without a label are passed over unread: a node that carries the labels has all their
/// bits; one that has all bits may still lack them.
/// </summary>
internal static class LabelMarks
{
    public static ulong Of(ValueList<KeyValuePair<string, string>> labels)
    {
        var marks = 0UL;
        foreach (ref readonly var label in labels.Span)
        {
            var hash = HashCode.Combine(label.Key, label.Value);
            marks |= (1UL << hash) | (1UL << (hash >> 6));
        }

        return marks;
    }

    /// <summary>Which of the 64 slots from <paramref name="start"/> on have all the wanted bits, as bits.</summary>
    public static ulong Matches(ulong[] marks, int start, ulong wanted)
    {
        var matches = 0UL;
        var bits = Vector256.Create(wanted);
        var slots = Math.Min(CandidateSearch.BlockSlots, marks.Length - start);
        ref var first = ref marks[start];
        for (var i = 0; i < slots; i += GroupColumns.SlotsMultiple)
            matches |= (ulong)Vector256.Equals(Vector256.LoadUnsafe(ref first, (nuint)i) & bits, bits).ExtractMostSignificantBits() << i;
        return matches;
    }
}
