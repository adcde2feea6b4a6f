using System.Security.Cryptography;
using System.Text;

namespace ResourceService.Load.Wire;

/// <summary>
/// Request ids that follow from what is asked: whoever asks again after a crash asks with the same id. The ledger's revision at the start is part of
/// them, so that a second replay on the same server is not answered with the first one's claims.
/// </summary>
internal sealed class StepIds(int seed, long startRevision)
{
    public string Of(string requestName, string step)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}/{startRevision}/{requestName}/{step}"));
        // Version 8 and variant 1 of RFC 9562: a UUID whose content is its maker's own.
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true).ToString("D");
    }
}
