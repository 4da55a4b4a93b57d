import {demoRegistry} from './image-catalogue.js'
import type {Seed, SeedPod} from './seed.js'

const image = (name: string): string => `${demoRegistry}/${name}`

/** A part of a control plane in name only: it prints a line now and then. */
function system(component: string, labels: Record<string, string>, seconds: number): SeedPod {
  return {
    name: `${component}-demo-node`,
    namespace: 'kube-system',
    hostNetwork: true,
    labels: {tier: 'control-plane', ...labels},
    containers: [
      {
        name: component,
        image: image('ticker:1.0'),
        env: {TICK_TEXT: `I ${component} is only a ticking shell`, TICK_SECONDS: String(seconds)},
      },
    ],
  }
}

/** A small node as one finds them, and nothing on it that costs more than a shell, but for the web server. */
export const plausibleNode: Seed = {
  pods: [
    system('etcd', {component: 'etcd'}, 15),
    system('kube-apiserver', {component: 'kube-apiserver'}, 10),
    system('kube-scheduler', {component: 'kube-scheduler'}, 20),
    {
      name: 'kube-proxy-7k2xq',
      namespace: 'kube-system',
      hostNetwork: true,
      labels: {'k8s-app': 'kube-proxy'},
      containers: [{name: 'kube-proxy', image: image('sleeper:1.0')}],
    },
    {
      name: 'coredns-5dd5756b68-q9x4z',
      namespace: 'kube-system',
      labels: {'k8s-app': 'kube-dns', 'pod-template-hash': '5dd5756b68'},
      containers: [{name: 'coredns', image: image('sleeper:1.0')}],
    },
    {
      name: 'web-6f7c9d5b4-x8v2t',
      namespace: 'shop',
      labels: {app: 'web', 'pod-template-hash': '6f7c9d5b4'},
      containers: [
        {name: 'web', image: image('web:1.0')},
        {name: 'log-shipper', image: image('ticker:1'), env: {TICK_TEXT: 'shipped batch', TICK_SECONDS: '5'}},
      ],
    },
    {
      name: 'orders-0',
      namespace: 'shop',
      labels: {app: 'orders', 'statefulset.kubernetes.io/pod-name': 'orders-0'},
      containers: [
        {
          name: 'migrate',
          image: image('shell:1.0'),
          command: ['/bin/sh', '-c', 'echo "applying 3 migrations"; echo "done"'],
          init: true,
        },
        {name: 'orders', image: image('ticker:1.0'), env: {TICK_TEXT: 'order'}},
      ],
    },
    {
      name: 'payments-7d4b8c6f95-m5n6p',
      namespace: 'shop',
      labels: {app: 'payments', 'pod-template-hash': '7d4b8c6f95'},
      containers: [{name: 'payments', image: image('crasher:1.0'), restart: true}],
    },
    {
      name: 'toolbox',
      namespace: 'default',
      labels: {run: 'toolbox'},
      containers: [
        {
          name: 'shell',
          image: image('shell:latest'),
          command: ['/bin/sh', '-c', 'exec sleep 2147483647'],
        },
      ],
    },
    {
      name: 'report-28512345-lkj2h',
      namespace: 'default',
      labels: {'job-name': 'report-28512345'},
      ready: false,
      containers: [
        {
          name: 'report',
          image: image('shell:1.0'),
          command: ['/bin/sh', '-c', 'echo "report written"'],
          state: 'exited',
        },
      ],
    },
  ],
}
