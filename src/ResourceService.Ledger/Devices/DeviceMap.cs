namespace ResourceService.Ledger.Devices;

/// <summary>
/// The places of devices by an address of theirs. Two sorted arrays: a fleet has a hundred thousand of these, and a hash table for each would cost
/// more than the devices.
/// </summary>
internal readonly struct DeviceMap
{
    private readonly ulong[] _addresses;
    private readonly int[] _places;

    public DeviceMap(IReadOnlyCollection<(ulong Address, int Place)> entries)
    {
        _addresses = [.. entries.Select(entry => entry.Address)];
        _places = [.. entries.Select(entry => entry.Place)];
        Array.Sort(_addresses, _places);
    }

    /// <summary>The devices with this address.</summary>
    public ReadOnlySpan<int> At(ulong address)
    {
        var first = Array.BinarySearch(_addresses, address);
        if (first < 0)
            return [];
        while (first > 0 && _addresses[first - 1] == address)
            first--;
        var end = first + 1;
        while (end < _addresses.Length && _addresses[end] == address)
            end++;
        return _places.AsSpan(first, end - first);
    }
}
