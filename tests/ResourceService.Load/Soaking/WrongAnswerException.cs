using ResourceService.Load.Checking;
using ResourceService.V1;

namespace ResourceService.Load.Soaking;

/// <summary>The server answered, and the answer contradicts what it acknowledged before or was asked for.</summary>
internal sealed class WrongAnswerException(string message) : Exception(message)
{
    /// <summary>Returns the claim that was expected when it is the one answered.</summary>
    public static AcknowledgedClaim Check(Claim answered, AcknowledgedClaim expected)
    {
        Require(expected.Agrees(answered), $"expected {expected}, got {answered}");
        return expected;
    }

    public static void Require(bool isRight, string message)
    {
        if (!isRight)
        {
            throw new WrongAnswerException(message);
        }
    }
}
