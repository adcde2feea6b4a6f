using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ResourceService.Ledger.Claims;

namespace ResourceService.Ledger.Candidates;

/// <summary>Tests one class of a request on the nodes of a group, by the rules of <see cref="FitRules"/> and in their order, and counts what refuses.</summary>
internal struct ClassTest
{
    private readonly ResourceClass _class;
    private readonly ClassColumns? _columns;
    private readonly long _amount;
    private readonly long _limit;

    // What the group's units say of the amount, on every node.
    private readonly RefusalReason _units;

    private int _unitRefusals;
    private int _aboveMaxUnit;
    private int _lacking;
    private int _overLimit;

    public ClassTest(CandidateKind kind, GroupColumns columns, ResourceAmount asked, ResourceAmounts limits)
    {
        (_class, _amount) = asked;
        _limit = limits.Of(_class);
        var place = kind.IndexOf(_class);
        if (place < 0)
        {
            _units = RefusalReason.NoInventory;
            return;
        }

        _columns = columns.Classes[place];
        var units = kind.Units[place];
        _units = _amount < units.MinUnit ? RefusalReason.BelowMinUnit
            : _amount % units.StepSize != 0 ? RefusalReason.NotStepMultiple
            : RefusalReason.None;
    }

    /// <summary>Which of the nodes that are looked at refuse, as bits from the slot <paramref name="start"/> on.</summary>
    public ulong Refusing(int start, ulong taken)
    {
        if (_columns is null || _units == RefusalReason.BelowMinUnit)
        {
            _unitRefusals += BitOperations.PopCount(taken);
            return taken;
        }

        var above = taken & Below(_columns.MaxUnit, start, _amount);
        _aboveMaxUnit += BitOperations.PopCount(above);
        var left = taken & ~above;
        if (_units != RefusalReason.None)
        {
            _unitRefusals += BitOperations.PopCount(left);
            return taken;
        }

        var lacking = left & Below(_columns.Free, start, _amount);
        _lacking += BitOperations.PopCount(lacking);
        var over = _limit > 0 ? OverLimit(start, left & ~lacking) : 0;
        _overLimit += BitOperations.PopCount(over);
        return above | lacking | over;
    }

    /// <summary>What would be left on four nodes from <paramref name="slot"/> on, as a share of their capacity. Only asked of groups that have the class.</summary>
    public readonly Vector256<double> ShareLeft(int slot)
    {
        var free = Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(_columns!.Free), (nuint)slot);
        var unitShare = Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(_columns.UnitShare), (nuint)slot);
        return Vector256.ConvertToDouble(free - Vector256.Create(_amount)) * unitShare;
    }

    /// <summary>Tells what refused.</summary>
    public readonly void Report(RefusalCounts counts)
    {
        counts.Add(_units, _class.Name, _unitRefusals);
        counts.Add(RefusalReason.AboveMaxUnit, _class.Name, _aboveMaxUnit);
        counts.Add(RefusalReason.CapacityExceeded, _class.Name, _lacking);
        counts.Add(RefusalReason.LimitExceeded, _class.Name, _overLimit);
    }

    private readonly ulong OverLimit(int start, ulong among)
    {
        var over = 0UL;
        for (var rest = among; rest != 0; rest &= rest - 1)
        {
            var slot = start + BitOperations.TrailingZeroCount(rest);
            var used = _columns!.Capacity[slot] - _columns.Free[slot];
            if (_amount > _limit - used)
                over |= 1UL << (slot - start);
        }

        return over;
    }

    // A bit for each of the 64 values from start on that is less than the bound. Columns end at a multiple of four.
    private static ulong Below(long[] values, int start, long bound)
    {
        var below = 0UL;
        var bounds = Vector256.Create(bound);
        var slots = Math.Min(CandidateSearch.BlockSlots, values.Length - start);
        ref var first = ref values[start];
        for (var i = 0; i < slots; i += GroupColumns.SlotsMultiple)
            below |= (ulong)Vector256.LessThan(Vector256.LoadUnsafe(ref first, (nuint)i), bounds).ExtractMostSignificantBits() << i;
        return below;
    }
}
