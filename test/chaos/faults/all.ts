import type { KindName } from '../kinds.ts'
import type { Faults } from './fault.ts'
import { jelouFaults } from './jelou.ts'
import { machineFaults } from './machine.ts'
import { brokerFaults, jelouLinkFaults, stateFaults } from './remote.ts'
import { serviceFaults } from './service.ts'

export const FAULTS: Faults<KindName> = {
  ...serviceFaults,
  ...brokerFaults,
  ...stateFaults,
  ...jelouLinkFaults,
  ...jelouFaults,
  ...machineFaults,
}
