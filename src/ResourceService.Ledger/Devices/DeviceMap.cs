namespace ResourceService.Ledger.Devices;

/// <summary>
/// The places of devices by an address of theirs. Two sorted arrays: a fleet has a hundred thousand of these, and a hash table for each would cost
/// more than the devices.
/// </summary>
internal readonly struct DeviceMap
{
    private readonly ulong[] _addresses;
    private readonly int[] _places;

    /// <param name="addresses">An address of each entry; the map's from now on.</param>
    /// <param name="places">The device of each entry; the map's from now on.</param>
    public DeviceMap(ulong[] addresses, int[] places)
    {
        Array.Sort(addresses, places);
        (_addresses, _places) = (addresses, places);
    }

    /// <summary>The devices by ascending address.</summary>
    public ReadOnlySpan<int> Places => _places;

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
